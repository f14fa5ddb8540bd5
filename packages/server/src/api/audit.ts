import { acceptCosignature, auditFormatLimits, parseNote, parseVkey, signatureLine, vkeyText } from '@tappass/audit';
import { TapPassError } from '@tappass/core';
import { z } from 'zod';
import { accessMatrix } from '../access/matrix.ts';
import { assertMay, coversAction, may, orgScope, type Principal } from '../access/may.ts';
import { deletePayloads } from '../audit-store/erase.ts';
import { auditLimits } from '../audit-store/limits.ts';
import { type EntryRow, entriesOf, type Filter, findEntries, readPayload } from '../audit-store/query.ts';
import { countPending, readCheckpoint, readCheckpointFile, readTree } from '../audit-store/read.ts';
import { deleteWitness, insertWitness, listWitnesses, putCosignature } from '../audit-store/witnesses.ts';
import { serverLimits } from '../limits.ts';
import { findUser } from '../store/people.ts';
import { findSandbox } from '../store/sandboxes.ts';
import type { OrgTransaction } from '../store/store.ts';
import { principalOf } from './principal.ts';
import { type Call, type Route, route } from './route.ts';
import { moment, none, text } from './shapes.ts';

const eventId = z.uuid();
const entry = z.strictObject({
	index: z.int(),
	event_id: eventId,
	at: moment,
	type: z.string(),
	actor: z.string().describe('A pseudonym'),
	decision: z.string(),
	sandbox_id: z.string().nullable(),
	project: z.string().nullable(),
	agent: z.string().nullable(),
	request_id: z.string().nullable(),
	code: z.string().nullable(),
	has_payload: z.boolean().describe('False once it was erased'),
	leaf: z.base64().describe('Exactly the bytes of the entry in the log'),
});
const keyId = z.string().regex(/^[0-9a-f]{8}$/);
const witness = z.strictObject({ key_id: keyId, name: z.string(), vkey: z.string() });
const filters = {
	since: z.iso.datetime({ offset: true }).optional(),
	until: z.iso.datetime({ offset: true }).optional(),
	type: z.string().max(64).optional().describe('policy.applied, or policy.*'),
	actor: z.string().max(128).optional().describe('An id, an address or a pseudonym'),
	sandbox: z.string().max(128).optional().describe('Id, or its host’s name for it'),
	code: z.string().max(64).optional(),
	decision: z.enum(['allow', 'block', 'notify', 'none']).optional(),
	request_id: z.string().max(128).optional(),
};

/** Reading the audit log, erasing from it, and its witnesses. */
export const auditRoutes: readonly Route[] = [
	route({
		method: 'get',
		path: '/v1/audit/events',
		operation: 'queryAudit',
		summary: 'Entries of the audit log, upward from a cursor or from the newest down; waits for the next when asked to',
		tag: 'audit',
		parameters: none,
		query: z.strictObject({
			...filters,
			order: z.enum(['asc', 'desc']).default('desc'),
			cursor: z
				.string()
				.regex(/^\d{1,15}$/)
				.optional()
				.describe('Of the answer before: an index, not included'),
			limit: z.coerce.number().int().min(1).max(serverLimits.pageMax).default(serverLimits.pageDefault),
			wait_seconds: z.coerce
				.number()
				.int()
				.min(0)
				.max(auditLimits.tailMs / 1_000)
				.default(0)
				.describe('With order=asc: how long to wait while there is nothing'),
		}),
		body: null,
		result: z.strictObject({
			items: z.array(entry),
			cursor: z.string().nullable().describe('Where the next request goes on; null when there is nothing further down'),
		}),
		handle: async (call) => {
			const { query, transaction, services, org_id } = call;
			const find = async (within: OrgTransaction, principal: Principal): Promise<readonly EntryRow[]> =>
				findEntries(within, await filterOf({ ...call, principal, transaction: within }), query.order, query.limit);
			const found = await find(transaction, call.principal);
			const body = pageOf(found, query);
			if (found.length > 0 || query.wait_seconds === 0 || query.order === 'desc') return { body };
			const until = performance.now() + query.wait_seconds * 1_000;
			return {
				body,
				after: async () => {
					while (performance.now() < until) {
						await new Promise((resolve) => setTimeout(resolve, auditLimits.tailEveryMs));
						// Whoever waits is asked again: a key that was revoked, or a role that was taken, ends the waiting.
						const later = await services.store.withOrg(org_id, async (within) =>
							find(within, await principalOf(within, { org_id, ...call.principal }, new Date(services.now()))),
						);
						if (later.length > 0) return pageOf(later, query);
					}
					return {};
				},
			};
		},
	}),
	route({
		method: 'get',
		path: '/v1/audit/events/{event}',
		operation: 'readAuditEntry',
		summary: 'One entry of the audit log',
		tag: 'audit',
		parameters: z.strictObject({ event: eventId }),
		query: none,
		body: null,
		result: entry,
		handle: async (call) => ({ body: entryView(await entryFor(call, call.path.event)) }),
	}),
	route({
		method: 'get',
		path: '/v1/audit/events/{event}/payload',
		operation: 'readAuditPayload',
		summary: 'What an entry stands for, with the salt of its commitment; that it was read is recorded too',
		tag: 'audit',
		audit: 'audit.opened',
		parameters: z.strictObject({ event: eventId }),
		query: none,
		body: null,
		result: z.strictObject({ event_id: eventId, index: z.int(), opening: z.base64() }),
		handle: async (call) => {
			const found = await entryFor(call, call.path.event);
			const { services, transaction, org_id } = call;
			const opening = await readPayload(transaction, services.keys, org_id, found.event_id);
			if (opening === undefined)
				throw new TapPassError('not_found', { detail: `the payload of ${found.event_id} was erased` });
			const { event_id, index } = found;
			return {
				body: { event_id, index, opening: Buffer.from(opening).toString('base64') },
				about: { project: found.project, agent: found.agent },
			};
		},
	}),
	route({
		method: 'get',
		path: '/v1/audit/log',
		operation: 'describeAudit',
		summary: 'How the log stands: its origin, its newest checkpoint, and the key that signs it',
		tag: 'audit',
		parameters: none,
		query: none,
		body: null,
		result: z.strictObject({
			origin: z.string().nullable(),
			vkey: z.string().nullable(),
			size: z.int(),
			checkpoint: z.strictObject({ size: z.int(), signed_at: moment }).nullable(),
			pending: z.int(),
			halted: z.string().nullable(),
			url: z.string().describe('Where its checkpoint and tiles are'),
		}),
		handle: async ({ principal, transaction, services, org_id }) => {
			assertMay(principal, 'audit.read', orgScope);
			const tree = await readTree(transaction);
			const newest = await readCheckpoint(transaction);
			return {
				body: {
					origin: tree?.origin ?? null,
					vkey: tree === undefined ? null : await services.audit.vkey(transaction, org_id, tree.origin, newest?.key_id),
					size: tree?.size ?? 0,
					checkpoint: newest === undefined ? null : { size: newest.size, signed_at: text(newest.signed_at) },
					pending: await countPending(transaction),
					halted: services.audit.haltedBy(org_id) ?? tree?.halted ?? null,
					url: `/audit/${org_id}`,
				},
			};
		},
	}),
	route({
		method: 'post',
		path: '/v1/audit/erasures',
		operation: 'eraseAudit',
		summary: 'Erase what entries stand for, or who is behind a pseudonym; the entries and every proof stay valid',
		tag: 'audit',
		success: 201,
		audit: 'audit.erased',
		parameters: none,
		query: none,
		body: z
			.strictObject({
				events: z.array(eventId).max(auditFormatLimits.erasedIndicesMax).default([]),
				subject: z.string().min(1).max(128).optional().describe('Id of an actor whose pseudonym is to be forgotten'),
				legal_basis: z
					.string()
					.regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, { error: 'expected a name such as gdpr-art-17' })
					.describe('A name, since it is in the log for good'),
				reason: z.string().max(1_024).optional().describe('Kept encrypted'),
			})
			.refine(({ events, subject }) => events.length > 0 || subject !== undefined, {
				error: 'neither events nor a subject are given',
				path: ['events'],
			}),
		result: z.strictObject({
			indices: z.array(z.int()),
			erased: z.int().describe('Payloads that were there'),
			subject_forgotten: z.boolean(),
			legal_basis: z.string(),
		}),
		handle: async ({ body, principal, transaction, services, org_id }) => {
			assertMay(principal, 'audit.erase', orgScope);
			const { audit } = services;
			const entries = body.events.length === 0 ? [] : await entriesOf(transaction, body.events);
			if (entries.some(({ type }) => type === 'audit.erased'))
				throw new TapPassError('schema_invalid', { detail: 'the record of an erasure cannot be erased' });
			// Before it happens, so that no restored database can bring back what was acknowledged as erased.
			if (body.events.length > 0) await audit.erasures.add(org_id, body.events);
			const erased = body.events.length === 0 ? 0 : await deletePayloads(transaction, body.events);
			const forgotten = body.subject !== undefined && (await audit.appender.forget(transaction, org_id, body.subject));
			const indices = entries.map(({ index }) => index);
			const { legal_basis } = body;
			return {
				body: { indices, erased, subject_forgotten: forgotten, legal_basis },
				about: { erases: { indices, legal_basis } },
			};
		},
	}),
	route({
		method: 'get',
		path: '/v1/audit/checkpoints/{size}',
		operation: 'readCheckpoint',
		summary: 'A checkpoint that was signed, with the lines of those who cosigned it',
		tag: 'audit',
		parameters: z.strictObject({ size: z.coerce.number().int().min(1) }),
		query: none,
		body: null,
		result: z.strictObject({ size: z.int(), note: z.string() }),
		handle: async ({ path, principal, transaction }) => {
			assertMay(principal, 'audit.read', orgScope);
			const note = await readCheckpointFile(transaction, path.size);
			if (note === undefined) throw noCheckpoint(path.size);
			return { body: { size: path.size, note: Buffer.from(note).toString('utf8') } };
		},
	}),
	route({
		method: 'get',
		path: '/v1/audit/witnesses',
		operation: 'listWitnesses',
		summary: 'Those whose cosignatures are taken',
		tag: 'audit',
		parameters: none,
		query: none,
		body: null,
		result: z.strictObject({ items: z.array(witness) }),
		handle: async ({ principal, transaction }) => {
			assertMay(principal, 'audit.read', orgScope);
			return { body: { items: [...(await listWitnesses(transaction))] } };
		},
	}),
	route({
		method: 'post',
		path: '/v1/audit/witnesses',
		operation: 'addWitness',
		summary: 'Take the cosignatures of a witness, by its verifier key',
		tag: 'audit',
		success: 201,
		audit: 'witness.added',
		parameters: none,
		query: none,
		body: z.strictObject({ vkey: z.string().min(1).max(512) }),
		result: witness,
		handle: async ({ body, org_id, principal, transaction }) => {
			assertMay(principal, 'audit.witness', orgScope);
			const key = parseVkey(body.vkey);
			if (key.kind !== 'witness')
				throw new TapPassError('key_invalid', { detail: 'this is the key of a log, not of a witness' });
			const made = { key_id: key.id, name: key.name, vkey: vkeyText(key) };
			if (!(await insertWitness(transaction, { org_id, ...made, created_by: principal.email })))
				throw new TapPassError('already_exists', { detail: `the witness ${key.name}` });
			return { body: made };
		},
	}),
	route({
		method: 'delete',
		path: '/v1/audit/witnesses/{key_id}',
		operation: 'removeWitness',
		summary: 'Take no more cosignatures of a witness; those it gave stay',
		tag: 'audit',
		audit: 'witness.removed',
		parameters: z.strictObject({ key_id: keyId }),
		query: none,
		body: null,
		result: z.strictObject({ key_id: keyId }),
		handle: async ({ path, principal, transaction }) => {
			assertMay(principal, 'audit.witness', orgScope);
			if (!(await deleteWitness(transaction, path.key_id)))
				throw new TapPassError('not_found', { detail: `no witness ${path.key_id}` });
			return { body: { key_id: path.key_id } };
		},
	}),
	route({
		// Not an event itself: each would make the log grow, and ask for the next cosignature.
		method: 'post',
		path: '/v1/audit/cosignatures',
		operation: 'addCosignature',
		summary: 'Hand in the signature line of a witness for a checkpoint',
		tag: 'audit',
		success: 201,
		parameters: none,
		query: none,
		body: z.strictObject({ size: z.int().min(1), line: z.string().min(1).max(1_024) }),
		result: z.strictObject({ size: z.int(), witness: z.string() }),
		handle: async ({ body, org_id, principal, transaction }) => {
			assertMay(principal, 'audit.cosign', orgScope);
			const checkpoint = await readCheckpoint(transaction, body.size);
			if (checkpoint === undefined) throw noCheckpoint(body.size);
			const note = parseNote(checkpoint.note);
			for (const each of await listWitnesses(transaction)) {
				const name = ` ${each.name} `;
				if (!body.line.includes(name)) continue;
				const line = signatureLine(acceptCosignature(note, body.line, parseVkey(each.vkey))).trimEnd();
				await putCosignature(transaction, { org_id, size: body.size, witness: each.key_id, line });
				return { body: { size: body.size, witness: each.name } };
			}
			throw new TapPassError('not_found', { detail: 'the line is of no witness of this log' });
		},
	}),
];

type AnyCall = Call<unknown, unknown, unknown>;

function noCheckpoint(size: number): TapPassError {
	return new TapPassError('not_found', { detail: `no checkpoint of ${size} entries was signed` });
}

async function entryFor(call: AnyCall, event_id: string): Promise<EntryRow> {
	const { principal, transaction } = call;
	const [found] = await findEntries(transaction, { event_id, places: placesOf(principal) }, 'asc', 1);
	if (found === undefined || !may(principal, 'audit.read', found))
		throw new TapPassError('not_found', {
			detail: `no entry ${event_id}`,
			hint: 'an event gets its index within a second',
		});
	return found;
}

interface QueryOfEntries {
	readonly since?: string | undefined;
	readonly until?: string | undefined;
	readonly type?: string | undefined;
	readonly actor?: string | undefined;
	readonly sandbox?: string | undefined;
	readonly code?: string | undefined;
	readonly decision?: string | undefined;
	readonly request_id?: string | undefined;
	readonly order: 'asc' | 'desc';
	readonly cursor?: string | undefined;
	readonly limit: number;
}

async function filterOf({
	query,
	principal,
	transaction,
	services,
	org_id,
}: Call<unknown, QueryOfEntries, unknown>): Promise<Filter> {
	const { since, until, type, actor, sandbox, code, decision, request_id, order, cursor } = query;
	const places = placesOf(principal);
	if (places?.length === 0) assertMay(principal, 'audit.read', orgScope);
	const at = cursor === undefined ? undefined : Number(cursor);
	const named = sandbox === undefined ? undefined : await findSandbox(transaction, sandbox);
	return {
		...(order === 'asc' ? { after: at } : { before: at }),
		since: since === undefined ? undefined : new Date(since),
		until: until === undefined ? undefined : new Date(until),
		type,
		actors: actor === undefined ? undefined : await actorsOf(transaction, services, org_id, actor),
		sandbox_id: named?.id ?? sandbox,
		code,
		decision,
		request_id,
		places,
	};
}

// The pseudonyms that a name may stand for: its own, when it is one; of a user by address; of any other id.
async function actorsOf(
	transaction: OrgTransaction,
	{ audit }: AnyCall['services'],
	orgId: AnyCall['org_id'],
	actor: string,
): Promise<readonly string[]> {
	const user = await findUser(transaction, actor);
	return [actor, ...(await audit.appender.find(transaction, orgId, user?.id ?? actor))];
}

/** Where someone may read the log; undefined: everywhere in the org. */
function placesOf({ scopes, memberships }: Principal): Filter['places'] {
	if (!scopes.some((scope) => coversAction(scope, 'audit.read'))) return [];
	const { roles } = accessMatrix['audit.read'];
	if (memberships.some(({ project, role }) => project === null && roles.org.includes(role))) return undefined;
	return memberships.flatMap(({ project, agent, role }) =>
		project !== null && roles[agent === null ? 'project' : 'agent'].includes(role) ? [{ project, agent }] : [],
	);
}

function pageOf(
	found: readonly EntryRow[],
	{ order, cursor, limit }: QueryOfEntries,
): { readonly items: z.input<typeof entry>[]; readonly cursor: string | null } {
	const last = found.at(-1);
	// Upward there is always more to come: whoever polls goes on from where they were.
	const next =
		order === 'asc' ? (last?.index.toString() ?? cursor ?? null) : found.length < limit ? null : `${last!.index}`;
	return { items: found.map(entryView), cursor: next };
}

function entryView({ at, leaf, ...row }: EntryRow): z.input<typeof entry> {
	return { ...row, at: text(at), leaf: leaf.toString('base64') };
}
