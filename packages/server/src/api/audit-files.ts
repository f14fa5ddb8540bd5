import { createHash } from 'node:crypto';
import { type LogPath, parseLogPath } from '@tappass/audit';
import { type OrgId, orgIdSchema, TapPassError } from '@tappass/core';
import type { Hono } from 'hono';
import { assertMay, orgScope } from '../access/may.ts';
import { readCheckpointFile, readEntries, readTile, readTree } from '../audit-store/read.ts';
import { treeOf } from '../audit-store/verify-store.ts';
import type { OperatorClaims } from '../identity/operator-token.ts';
import type { OrgTransaction } from '../store/store.ts';
import type { AppContext, Variables } from './app.ts';
import { principalOf } from './principal.ts';
import type { Services } from './services.ts';

/** Who asks for a file of a log. */
export interface FileDoor {
	readonly accepting: () => boolean;
	/** @throws {TapPassError} unauthenticated, rate_limited */
	readonly claims: (context: AppContext) => Promise<OperatorClaims>;
	/** For a log that anyone may read. @throws {TapPassError} rate_limited */
	readonly visitor: (context: AppContext) => void;
}

/**
 * The files of the logs as C2SP tlog-tiles lays them out: `checkpoint`, `tile/<L>/<N>[.p/<W>]`, `tile/entries/<N>[.p/<W>]`.
 * A tile never changes, so whoever has one need not ask again.
 */
export function auditFiles(app: Hono<{ Variables: Variables }>, services: Services, door: FileDoor): void {
	app.get('/audit/:org/*', async (context) => {
		context.set('route', '/audit/{org}');
		if (!door.accepting()) throw new TapPassError('shutting_down');
		const parsed = orgIdSchema.safeParse(context.req.param('org'));
		const path = context.req.path.split('/').slice(3).join('/');
		const file = parsed.success ? parseLogPath(path) : undefined;
		if (!parsed.success || file === undefined) throw absent(path);
		const orgId = parsed.data;
		const read = await readFor(context, services, door, orgId);
		const bytes = await services.store.withOrg(orgId, async (transaction) => {
			await read(transaction);
			return readFile(transaction, file);
		});
		if (bytes === undefined) throw absent(path);
		context.set('org_id', orgId);
		return respond(context, bytes, file.kind === 'checkpoint');
	});
}

// In words that are the same for a log of another org and for none at all.
function absent(path: string): TapPassError {
	return new TapPassError('not_found', { detail: `no log has ${path.slice(0, 64)}, or not yet` });
}

async function readFor(
	context: AppContext,
	services: Services,
	door: FileDoor,
	orgId: OrgId,
): Promise<(transaction: OrgTransaction) => Promise<void>> {
	if (services.auditIsPublic) {
		door.visitor(context);
		return async () => {};
	}
	const claims = await door.claims(context);
	if (claims.org_id !== orgId) throw absent(context.req.path.split('/').slice(3).join('/'));
	return async (transaction) => {
		assertMay(await principalOf(transaction, claims, new Date(services.now())), 'audit.read', orgScope);
	};
}

async function readFile(transaction: OrgTransaction, file: LogPath): Promise<Uint8Array | undefined> {
	if (file.kind === 'checkpoint') return readCheckpointFile(transaction);
	const row = await readTree(transaction);
	if (row === undefined) return undefined;
	if (file.kind === 'entries') return readEntries(transaction, row.size, file.number, file.width);
	return readTile(transaction, treeOf(row), file.level, file.number, file.width);
}

function respond(context: AppContext, bytes: Uint8Array, isCheckpoint: boolean): Response {
	const etag = `"${createHash('sha256').update(bytes).digest('base64url')}"`;
	const headers: Record<string, string> = {
		etag,
		'content-type': isCheckpoint ? 'text/plain; charset=utf-8' : 'application/octet-stream',
		'cache-control': isCheckpoint ? 'no-cache' : 'private, max-age=31536000, immutable',
	};
	if (context.req.header('if-none-match') === etag) return context.body(null, 304, headers);
	return context.body(new Uint8Array(bytes), 200, headers);
}
