import { type EvidenceFile, parseManifest, signEvidence } from '@tappass/audit';
import { sha256Hex, TapPassError } from '@tappass/core';
import { z } from 'zod';
import { assertMay, orgScope } from '../access/may.ts';
import { auditLimits } from '../audit-store/limits.ts';
import { type CheckpointRow, readTree } from '../audit-store/read.ts';
import { serverLimits } from '../limits.ts';
import { evidenceFiles } from '../store/evidence.ts';
import type { OrgTransaction } from '../store/store.ts';
import { type Route, route } from './route.ts';
import { moment, none, readCursor, writeCursor } from './shapes.ts';

const period = {
	from: z.iso.datetime({ offset: true }),
	to: z.iso
		.datetime({ offset: true })
		.describe('Not included; the checkpoint is the first that was signed well after it'),
};
const framework = z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/);

/** What the server adds to an evidence pack: what was in force, and the signature. The rest is in the log itself. */
export const evidenceRoutes: readonly Route[] = [
	route({
		method: 'get',
		path: '/v1/audit/evidence',
		operation: 'collectEvidence',
		summary: 'What was in force in a period: statements, what they were compiled from and why, root documents',
		tag: 'audit',
		audit: 'evidence.collected',
		parameters: none,
		query: z.strictObject({ ...period, cursor: z.string().max(256).optional() }),
		body: null,
		result: z.strictObject({
			from: moment,
			to: moment,
			size: z.int().describe('Of the checkpoint that the pack stands on'),
			files: z.array(z.strictObject({ path: z.string(), content: z.base64() })),
			next_cursor: z.string().nullable(),
		}),
		handle: async ({ org_id, principal, query, services, transaction }) => {
			assertMay(principal, 'audit.read', orgScope);
			const within = periodOf(query);
			const { id } = await services.keys.current(transaction, org_id, 'audit');
			const { size } = await checkpointAfter(transaction, within.to, id);
			const after = readCursor(query.cursor);
			const rest = (await evidenceFiles(transaction, within)).filter(({ path }) => path > after);
			const files = firstOf(rest);
			const last = files.at(-1);
			return {
				body: {
					from: within.from.toISOString(),
					to: within.to.toISOString(),
					size,
					files: files.map(({ path, bytes }) => ({ path, content: Buffer.from(bytes).toString('base64') })),
					next_cursor: files.length === rest.length || last === undefined ? null : writeCursor(last.path),
				},
			};
		},
	}),
	route({
		method: 'post',
		path: '/v1/audit/evidence',
		operation: 'signEvidence',
		summary: 'Sign the manifest of an evidence pack, whose policies and root documents are those that this server has',
		tag: 'audit',
		audit: 'evidence.signed',
		parameters: none,
		query: none,
		body: z.strictObject({
			...period,
			framework,
			manifest: z.base64().describe('Lines of SHA-256, two spaces and path, by path, as sha256sum writes them'),
		}),
		result: z.strictObject({ manifest_sha256: z.string(), size: z.int(), note: z.string() }),
		handle: async ({ body, org_id, principal, services, transaction }) => {
			assertMay(principal, 'audit.read', orgScope);
			const within = periodOf(body);
			const manifest = Buffer.from(body.manifest, 'base64');
			assertHolds(parseManifest(manifest), await evidenceFiles(transaction, within));
			const key = await services.keys.current(transaction, org_id, 'audit');
			const { size, root } = await checkpointAfter(transaction, within.to, key.id);
			const tree = await readTree(transaction);
			if (tree === undefined) throw noLog();
			const manifest_sha256 = sha256Hex(manifest);
			const [from, to] = [within.from.toISOString(), within.to.toISOString()];
			const claim = { origin: tree.origin, size, root, from, to, framework: body.framework, manifest_sha256 };
			const note = await signEvidence(claim, key);
			return { body: { manifest_sha256, size, note: Buffer.from(note).toString('utf8') } };
		},
	}),
];

function periodOf({ from, to }: { readonly from: string; readonly to: string }): {
	readonly from: Date;
	readonly to: Date;
} {
	const within = { from: new Date(from), to: new Date(to) };
	if (within.from >= within.to)
		throw new TapPassError('schema_invalid', { detail: 'the period ends before it begins' });
	return within;
}

// The first such checkpoint stays the first: the same period makes the same pack. What happened in the period has its index
// by then, since an event that was not committed for longer than this was refused. One key signs the pack and what it stands
// on: after a rotation that is a later checkpoint than before it.
async function checkpointAfter(
	transaction: OrgTransaction,
	to: Date,
	keyId: string,
): Promise<Pick<CheckpointRow, 'size' | 'root'>> {
	const settled = new Date(to.getTime() + auditLimits.evidenceSettleMs);
	const found = await transaction
		.selectFrom('audit_checkpoints')
		.select(['size', 'root'])
		.where('signed_at', '>=', settled)
		.where('key_id', '=', keyId)
		.orderBy('size')
		.limit(1)
		.executeTakeFirst();
	if (found === undefined) throw noLog();
	return found;
}

function noLog(): TapPassError {
	return new TapPassError('not_found', {
		detail: 'no checkpoint was signed after the period yet with the key in use',
		hint: 'one is signed every five minutes; or end the period earlier',
	});
}

// Everything of the control plane is in the pack, and as the control plane has it.
function assertHolds(manifest: ReadonlyMap<string, string>, files: readonly EvidenceFile[]): void {
	const own = new Map(files.map(({ path, bytes }) => [path, sha256Hex(bytes)]));
	const differs =
		[...own].find(([path, sha256]) => manifest.get(path) !== sha256)?.[0] ??
		[...manifest.keys()].find((path) => /^(?:policy|roots)\//.test(path) && !own.has(path));
	if (differs !== undefined)
		throw new TapPassError('proof_invalid', { detail: `${differs} in the manifest is not what this server has` });
}

// As many as an answer may hold, at least one.
function firstOf(files: readonly EvidenceFile[]): readonly EvidenceFile[] {
	let bytes = 0;
	const end = files.findIndex((file, at) => {
		bytes += file.bytes.length;
		return at > 0 && bytes > serverLimits.evidencePageBytes;
	});
	return end === -1 ? files : files.slice(0, end);
}
