import { randomBytes, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import {
	cosignNote,
	decodeBundle,
	emptyTree,
	entriesPath,
	eventTypes,
	grow,
	noteKey,
	parseLeaf,
	parseNote,
	parseVkey,
	proveConsistency,
	proveInclusion,
	rootAt,
	rootOf,
	signatureLine,
	tileWidth,
	verifyCheckpoint,
	verifyConsistency,
	verifyInclusion,
	vkeyText,
} from '@tappass/audit';
import type { OrgId, Role, SandboxId, TeamId } from '@tappass/core';
import { generateSigner } from '@tappass/signing';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { makeApiKey } from '../identity/api-key.ts';
import { newId } from '../store/ids.ts';
import { ensureUser, insertApiKey, insertTeam, putMember } from '../store/people.ts';
import { type Caller, fileOf, type Reply, send, type TestServer, testServer } from '../test-support/test-server.ts';
import { operatorRoutes } from './app.ts';

let test: TestServer;
let org: OrgId;
let otherOrg: OrgId;
let auditorHere: Caller;
let auditorThere: Caller;
let tokenHere: string;
const wait = { timeout: 60_000, interval: 100 };

beforeAll(async () => {
	test = await testServer();
	org = test.server.created!.org_id;
	otherOrg = 'org_elsewhere01' as OrgId;
	const { store, keys } = test.server.services;
	await store.withOrg(otherOrg, async (transaction) => {
		await transaction.insertInto('orgs').values({ org_id: otherOrg, name: 'other', region: 'local' }).execute();
		await keys.create(transaction, otherOrg);
	});
	auditorHere = await test.signIn((tokenHere = await person(org, 'auditor', 'vera@acme.example')));
	auditorThere = await test.signIn(await person(otherOrg, 'auditor', 'olaf@other.example'));
});
afterAll(() => test.close());

/** Adds someone with a role and an API key. @returns the key */
async function person(
	org_id: OrgId,
	role: Role,
	email: string,
	place: { readonly project: string | null; readonly agent: string | null } = { project: null, agent: null },
): Promise<string> {
	return test.server.services.store.withOrg(org_id, async (transaction) => {
		const user = await ensureUser(transaction, org_id, email, newId('user'));
		const team_id = newId('team') as TeamId;
		await insertTeam(transaction, { org_id, id: team_id, name: `team of ${email}`, ...place });
		await putMember(transaction, { org_id, team_id, user_id: user.id, role });
		const key = makeApiKey(org_id, randomBytes(32));
		const expires_at = new Date(Date.now() + 86_400_000);
		const row = { org_id, id: newId('key'), user_id: user.id, name: 'test', scopes: ['*'], expires_at };
		await insertApiKey(transaction, { ...row, hash: key.hash, ending: key.ending }, new Date());
		return key.text;
	});
}

const query = async (text: string, who: Caller = test): Promise<Reply['body']['items']> =>
	(await who.call('GET', `/v1/audit/events?${text}`)).body.items;

/** The newest entry that a query finds, once there is one. */
async function newest(text: string, who: Caller = test): Promise<Reply['body']> {
	return vi.waitFor(async () => {
		const [found] = await query(`${text}&limit=1`, who);
		expect(found).toBeDefined();
		return found;
	}, wait);
}

async function payloadOf(event_id: string, who: Caller = test): Promise<Reply> {
	return who.call('GET', `/v1/audit/events/${event_id}/payload`);
}

const floor = { files: [fileOf('floor.rego', 'package tappass.policy\n\ntools.allow contains "gmail.*"\n')] };

describe('an auditor', () => {
	it('of one org reads nothing of another: not by query, by id, by file, nor with another cursor', async () => {
		const mine = await newest('type=org.created');
		const { audit } = test.server.services;
		const theirs = audit.event({
			org_id: otherOrg,
			type: 'catalog.changed',
			actor: { kind: 'server', id: 'x' },
			decision: 'none',
		});
		await audit.append([theirs]);
		const seen = await vi.waitFor(async () => {
			const items = await query('order=asc', auditorThere);
			expect(items.map(({ event_id }: { event_id: string }) => event_id)).toContain(theirs.id);
			return items;
		}, wait);

		expect(seen.some(({ event_id }: { event_id: string }) => event_id === mine.event_id)).toBe(false);
		expect((await auditorThere.call('GET', `/v1/audit/events/${mine.event_id}`)).status).toBe(404);
		expect((await payloadOf(mine.event_id, auditorThere)).status).toBe(404);
		for (const file of ['checkpoint', 'tile/0/000.p/1', 'tile/entries/000.p/1']) {
			const foreign = await auditorThere.call('GET', `/audit/${org}/${file}`);
			const nobody = await auditorThere.call('GET', `/audit/org_nobody0000/${file}`);
			expect([foreign.status, foreign.body.detail], file).toEqual([404, nobody.body.detail]);
			expect((await auditorHere.call('GET', `/audit/${org}/${file}`)).status, file).toBe(200);
		}
	});

	it('of one project sees the events of that project alone', async () => {
		const place = { project: 'payments', agent: null };
		const ben = await test.signIn(await person(org, 'auditor', 'ben@acme.example', place));
		const { audit } = test.server.services;
		const here = { org_id: org, actor: { kind: 'server', id: 'x' }, decision: 'none' } as const;
		const [own, foreign, whole] = [
			audit.event({ ...here, type: 'tool.approved', project: 'payments', agent: 'mailer' }),
			audit.event({ ...here, type: 'tool.denied', project: 'people' }),
			audit.event({ ...here, type: 'catalog.changed' }),
		];
		await audit.append([own, foreign, whole]);
		await newest('type=catalog.changed');

		expect((await query('type=tool.*', ben)).map(({ type }: { type: string }) => type)).toEqual(['tool.approved']);
		expect(await query('type=catalog.changed', ben)).toEqual([]);
		expect((await payloadOf(foreign.id, ben)).status).toBe(404);
		expect((await ben.call('GET', '/v1/audit/log')).status).toBe(403);
		expect((await ben.call('GET', `/audit/${org}/checkpoint`)).status).toBe(403);
	});

	it('reads, and neither erases nor changes anything; that it tried is recorded', async () => {
		const { event_id } = await newest('type=org.created');

		const refused = await auditorHere.call('POST', '/v1/audit/erasures', { events: [event_id], legal_basis: 'none' });

		expect([refused.status, refused.body.code]).toEqual([403, 'forbidden']);
		const told = await newest('type=operator.refused', auditorHere);
		expect([told.decision, told.code]).toEqual(['block', 'forbidden']);
		expect((await payloadOf(event_id)).status).toBe(200);
	});

	it('without a token gets nothing, though the files hold no content', async () => {
		for (const file of ['checkpoint', 'tile/0/000', 'tile/entries/000'])
			expect((await send(test.url, 'GET', `/audit/${org}/${file}`)).status).toBe(401);
	});
});

describe('a log that its operator made public', () => {
	it('shows its checkpoint and tiles to anyone, and nothing else', async () => {
		const open = await testServer({ auditIsPublic: true });
		try {
			const its = open.server.created!.org_id;
			await vi.waitFor(async () => {
				for (const file of ['checkpoint', 'tile/0/000.p/1', 'tile/entries/000.p/1'])
					expect((await send(open.url, 'GET', `/audit/${its}/${file}`)).status, file).toBe(200);
			}, wait);
			for (const path of ['/v1/audit/events', '/v1/audit/log', '/v1/audit/witnesses'])
				expect((await send(open.url, 'GET', path)).status, path).toBe(401);
		} finally {
			await open.close();
		}
	});
});

describe('every write', () => {
	it('has an event that it is recorded as', () => {
		const silent = operatorRoutes.filter(({ method, audit }) => method !== 'get' && audit === null);
		const unknown = operatorRoutes.filter(({ audit }) => audit !== null && !Object.hasOwn(eventTypes, audit));

		expect(silent.map(({ operation }) => operation)).toEqual(['addCosignature']);
		expect(unknown.map(({ audit }) => audit)).toEqual([]);
	});

	it('is recorded with who asked, under the request id of its answer; one that changes nothing is not', async () => {
		const reply = await test.call('POST', '/v1/policies/apply', floor);
		const again = await test.call('POST', '/v1/policies/apply', floor);
		expect([reply.status, again.status]).toEqual([200, 200]);

		const found = await newest(`request_id=${reply.headers.get('x-request-id')}&type=policy.applied`);
		const me = await newest('actor=ada@acme.example&type=policy.applied');
		await newest('type=operator.signed_in');

		expect(me.event_id).toBe(found.event_id);
		expect(await query(`request_id=${again.headers.get('x-request-id')}`)).toEqual([]);
	});

	it('that cannot be recorded does not happen', async () => {
		// A disk that is full looks like this: reading works, the insert does not.
		const client = await superuser();
		await client.query('revoke insert on audit_pending from tappass_app');
		try {
			const refused = await test.call('POST', '/v1/teams', { name: 'ghosts' });
			const denied = await auditorHere.call('POST', '/v1/teams', { name: 'ghosts' });
			expect([refused.status, refused.body.code, refused.headers.get('retry-after')]).toEqual([
				503,
				'audit_unavailable',
				'1',
			]);
			expect([denied.status, denied.body.code]).toEqual([503, 'audit_unavailable']);
		} finally {
			await client.query('grant insert on audit_pending to tappass_app');
			await client.end();
		}
		const teams = await test.call('GET', '/v1/teams');
		expect(JSON.stringify(teams.body)).not.toContain('ghosts');
		expect((await test.call('POST', '/v1/teams', { name: 'ghosts' })).status).toBe(201);
	});
});

describe('erasure', () => {
	it('deletes what an entry stands for and keeps the entry; the record of it stays', async () => {
		const { audit } = test.server.services;
		const actor = { kind: 'operator', id: 'user_leaving' } as const;
		const event = audit.event({
			org_id: org,
			type: 'clearance.granted',
			actor,
			decision: 'none',
			payload: { name: 'x' },
		});
		await audit.append([event]);
		const before = await newest('type=clearance.granted&actor=user_leaving');
		const opened = await payloadOf(event.id);
		expect(opened.status).toBe(200);

		const erased = await test.call('POST', '/v1/audit/erasures', {
			events: [event.id],
			subject: 'user_leaving',
			legal_basis: 'gdpr-art-17',
		});

		expect([erased.status, erased.body.erased, erased.body.indices]).toEqual([201, 1, [before.index]]);
		expect((await payloadOf(event.id)).status).toBe(404);
		const after = await newest('type=clearance.granted');
		expect([after.leaf, after.has_payload]).toEqual([before.leaf, false]);
		expect(await query('type=clearance.granted&actor=user_leaving')).toEqual([]);
		const told = await newest('type=audit.erased');
		const { erases } = parseLeaf(Buffer.from(told.leaf, 'base64'));
		expect(erases).toEqual({ indices: [before.index], legal_basis: 'gdpr-art-17' });
		const twice = await test.call('POST', '/v1/audit/erasures', { events: [told.event_id], legal_basis: 'none' });
		expect([twice.status, twice.body.code]).toEqual([422, 'schema_invalid']);
	});

	it('of what the log does not have is refused, and erases nothing else', async () => {
		const { event_id } = await newest('type=org.created');
		const missing = '01900000-0000-7000-8000-00000000dead';

		const refused = await test.call('POST', '/v1/audit/erasures', { events: [event_id, missing], legal_basis: 'x' });

		expect([refused.status, refused.body.code]).toEqual([404, 'not_found']);
		expect((await payloadOf(event_id)).status).toBe(200);
	});
});

describe('a query', () => {
	it('that is malformed is refused, with what was expected', async () => {
		for (const text of ['cursor=x', 'limit=0', 'since=yesterday', 'order=up', 'wait_seconds=3600', 'nonsense=1'])
			expect((await test.call('GET', `/v1/audit/events?${text}`)).status, text).toBe(422);
	});

	it('that waits for an entry ends with the key that it was asked with', async () => {
		const key = await person(org, 'auditor', 'short@acme.example');
		const caller = await test.signIn(key);
		const [first] = await query('order=desc&limit=1');
		const { items } = (await test.call('GET', '/v1/keys?all=true&limit=500')).body;
		const { id } = items.find(({ ending }: { ending: string }) => ending === key.slice(-4));

		const waiting = caller.call('GET', `/v1/audit/events?order=asc&cursor=${first.index + 50}&wait_seconds=25`);
		expect((await test.call('DELETE', `/v1/keys/${id}`)).status).toBe(200);
		const reply = await waiting;

		expect([reply.status, reply.body.code]).toEqual([401, 'unauthenticated']);
	});

	it('waits for the next entry, and a poller who goes on from its cursor meets each once', async () => {
		const { audit } = test.server.services;
		const [last] = await query('limit=1');
		const waiting = test.call(
			'GET',
			`/v1/audit/events?order=asc&cursor=${last.index}&wait_seconds=20&type=agent.enrolled`,
		);
		const events = [1, 2, 3].map(() =>
			audit.event({ org_id: org, type: 'agent.enrolled', actor: { kind: 'server', id: 'x' }, decision: 'none' }),
		);
		await audit.append(events);

		const seen: string[] = [];
		let { items, cursor } = (await waiting).body;
		for (;;) {
			seen.push(...items.map(({ event_id }: { event_id: string }) => event_id));
			if (seen.length >= 3 || items.length === 0) break;
			({ items, cursor } = (
				await test.call('GET', `/v1/audit/events?order=asc&type=agent.enrolled&limit=2&cursor=${cursor}&wait_seconds=5`)
			).body);
		}
		expect(seen.toSorted()).toEqual(events.map(({ id }) => id).toSorted());
	});
});

describe('a file', () => {
	it('that no log has is not found, however it is asked for', async () => {
		for (const file of ['', 'tile', 'tile/0/0', 'tile/00/000', 'tile/0/x000/000', 'tile/0/000.p/0', 'tile/0/000.p/256'])
			expect((await test.call('GET', `/audit/${org}/${file}`)).status, file).toBe(404);
		for (const file of ['tile/0/000.p/1/x', 'tile/0/999', 'tile/7/000', 'tile/entries/x001/000', '..%2fcheckpoint'])
			expect((await test.call('GET', `/audit/${org}/${file}`)).status, file).toBe(404);
	});

	it('is cached for good when it is a tile, asked for again when it is the checkpoint', async () => {
		const tile = await test.call('GET', `/audit/${org}/tile/0/000.p/1`);
		const checkpoint = await test.call('GET', `/audit/${org}/checkpoint`);
		const etag = tile.headers.get('etag')!;

		const again = await test.call('GET', `/audit/${org}/tile/0/000.p/1`, undefined, { 'if-none-match': etag });

		expect(tile.headers.get('cache-control')).toMatch(/immutable/);
		expect(checkpoint.headers.get('cache-control')).toBe('no-cache');
		expect(again.status).toBe(304);
	});
});

describe('what must never be recorded in the clear', () => {
	const planted = {
		prompt: 'PLANTED-prompt-lies-in-a-quiet-garden',
		completion: 'PLANTED-completion-of-the-quiet-garden',
		argument: 'PLANTED-argument-for-a-tool',
		key: 'PLANTED-sk-key-0123456789abcdef',
		token: 'PLANTED-eyJ-token-0123456789',
		pii: 'PLANTED.jane.roe@example.com',
	};

	it('is in no file of the database, no log, no tile and no answer, though it can be opened by who may', async () => {
		const { audit } = test.server.services;
		const event = audit.event({
			org_id: org,
			type: 'call.admitted',
			actor: { kind: 'agent', id: planted.pii },
			decision: 'allow',
			sandbox_id: 'sbx_planted' as SandboxId,
			session_id: 'ses_planted',
			policy_version: 1,
			request_id: randomUUID(),
			payload: planted,
		});
		await audit.append([event]);
		const found = await newest('type=call.admitted');
		const size = Number(String((await test.call('GET', `/audit/${org}/checkpoint`)).body).split('\n')[1]);
		const bundle = await fetch(`${test.url}/audit/${org}/tile/entries/000.p/${Math.min(size, 255)}`, {
			headers: { authorization: `Bearer ${await tokenOf(tokenHere)}` },
		});
		const opened = Buffer.from((await payloadOf(event.id)).body.opening, 'base64').toString('utf8');
		expect(opened).toContain(planted.prompt);
		const client = await superuser();
		await client.query('checkpoint');
		await client.end();

		expect(JSON.stringify(found)).not.toContain('PLANTED');
		expect(Buffer.from(found.leaf, 'base64').toString('utf8')).not.toContain('PLANTED');
		expect(Buffer.from(await bundle.arrayBuffer()).includes('PLANTED')).toBe(false);
		expect(test.logged()).not.toContain('PLANTED');
		let read = 0;
		for (const entry of await readdir(test.directory, { recursive: true, withFileTypes: true })) {
			if (!entry.isFile()) continue;
			read += 1;
			const bytes = await readFile(path.join(entry.parentPath, entry.name));
			expect(bytes.includes('PLANTED'), entry.name).toBe(false);
		}
		// The files of an engine: that the search would have met them is seen from what it did meet.
		expect(read).toBeGreaterThan(300);
	});
});

describe('a witness', () => {
	it('is taken at its word only with its signature of that very checkpoint', async () => {
		const [known, stranger] = [generateSigner('ed25519'), generateSigner('ed25519')];
		const vkey = vkeyText(noteKey('witness.example/w1', known.spki, 'witness'));
		const asLog = vkeyText(noteKey('witness.example/w1', known.spki));
		expect((await auditorHere.call('POST', '/v1/audit/witnesses', { vkey })).status).toBe(403);
		expect((await test.call('POST', '/v1/audit/witnesses', { vkey: asLog })).body.code).toBe('key_invalid');
		expect((await test.call('POST', '/v1/audit/witnesses', { vkey: `${vkey}A` })).body.code).toBe('key_invalid');
		expect((await test.call('POST', '/v1/audit/witnesses', { vkey })).status).toBe(201);
		const { checkpoint } = await vi.waitFor(async () => {
			const { body } = await test.call('GET', '/v1/audit/log');
			expect(body.checkpoint.size).toBe(body.size);
			return body;
		}, wait);
		const { size } = checkpoint;
		const text = (await auditorHere.call('GET', `/v1/audit/checkpoints/${size}`)).body.note;
		const note = parseNote(Buffer.from(text));
		const other = { ...note, text: note.text.replace(`\n${size}\n`, `\n${size + 1}\n`) };
		const lineBy = async (signer: typeof known, of: typeof note, name = 'witness.example/w1'): Promise<string> =>
			signatureLine(await cosignNote(of, name, signer, 1_700_000_000));

		for (const line of [
			await lineBy(known, other),
			await lineBy(stranger, note),
			await lineBy(stranger, note, 'nobody.example'),
			'— witness.example/w1 AAAA',
		]) {
			const refused = await auditorHere.call('POST', '/v1/audit/cosignatures', { size, line });
			expect(refused.status, line).toBeGreaterThanOrEqual(400);
		}
		const taken = await auditorHere.call('POST', '/v1/audit/cosignatures', { size, line: await lineBy(known, note) });

		expect([taken.status, taken.body.witness]).toEqual([201, 'witness.example/w1']);
		const served = parseNote(Buffer.from((await auditorHere.call('GET', `/v1/audit/checkpoints/${size}`)).body.note));
		expect(served.signatures.map(({ name }) => name)).toEqual([note.signatures[0]!.name, 'witness.example/w1']);
	});
});

describe('the log as it is served', () => {
	it('is verified with its key alone: tiles, entries and checkpoint fit together', async () => {
		const { vkey } = (await auditorHere.call('GET', '/v1/audit/log')).body;
		const authorization = `Bearer ${await tokenOf(tokenHere)}`;
		const read = async (file: string): Promise<Uint8Array | undefined> => {
			const answer = await fetch(`${test.url}/audit/${org}/${file}`, { headers: { authorization } });
			return answer.status === 200 ? new Uint8Array(await answer.arrayBuffer()) : undefined;
		};
		const { checkpoint } = verifyCheckpoint((await read('checkpoint'))!, parseVkey(vkey));

		let tree = emptyTree;
		for (let number = 0; tree.size < checkpoint.size; number += 1) {
			const width = Math.min(tileWidth, checkpoint.size - tree.size);
			tree = grow(tree, decodeBundle((await read(entriesPath(number, width)))!)!).tree;
		}
		expect(Buffer.from(rootOf(tree))).toEqual(Buffer.from(checkpoint.root));
		const { size, root } = checkpoint;
		for (let index = 0; index < size; index += 7) {
			const [entry] = (decodeBundle((await read(entriesPath(0, Math.min(tileWidth, size))))!) ?? []).slice(index);
			const proof = await proveInclusion({ read }, size, index);
			expect(verifyInclusion({ entry: entry!, index, size, root, proof }), `${index}`).toBe(true);
		}
		const older = { size: Math.floor(size / 2), root: await rootAt({ read }, size, Math.floor(size / 2)) };
		const proof = await proveConsistency({ read }, older.size, size);
		expect(verifyConsistency({ older, newer: checkpoint, proof })).toBe(true);
	});
});

async function tokenOf(key: string): Promise<string> {
	const reply = await send(test.url, 'POST', '/v1/auth/token', undefined, { authorization: `Bearer ${key}` });
	return reply.body.token as string;
}

async function superuser(): Promise<pg.Client> {
	const { postgres: password } = JSON.parse(
		await readFile(path.join(test.directory, 'secrets', 'engine.json'), 'utf8'),
	) as { postgres: string };
	const host = path.join(test.directory, 'postgres', 'socket');
	const client = new pg.Client({ host, user: 'postgres', password, database: 'tappass' });
	await client.connect();
	return client;
}
