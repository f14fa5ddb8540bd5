import { X509Certificate } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { noteKey, parseNote, saltBytes, verifyCheckpoint, vkeyText } from '@tappass/audit';
import { canonicalBytes, instant, type Json } from '@tappass/core';
import {
	documentBytes,
	generateKeys,
	generateSigner,
	type LocalSigner,
	makeDevelopmentKeyring,
	mintToken,
	type Signer,
	signerFromPem,
	signFreshness,
	signRoot,
} from '@tappass/signing';
import { decodeBase64, encodeBase64, pinRoot, type RootDocument, type TrustedRoot } from '@tappass/trust';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addFileKey, fileKms } from '../keys/kms.ts';
import { OrgKeys } from '../keys/org-keys.ts';
import { type OnlineRole, onlineRoles } from '../keys/rotation.ts';
import { HostSimulator } from '../test-support/host-simulator.ts';
import { policyWithBudget } from '../test-support/test-control-plane.ts';
import { fileOf, type Reply, send, type TestServer, testServer } from '../test-support/test-server.ts';

/* New keys for a server's roles: rows 22 and 23 of the threat model through the real server and a host that follows. */

let test: TestServer;
let host: HostSimulator;
let roots: readonly LocalSigner[];

beforeAll(async () => {
	test = await testServer();
	const folder = path.join(test.directory, 'root-keys');
	const passphrase = (await readFile(path.join(folder, 'passphrase'), 'utf8')).trim();
	const files = (await readdir(folder)).filter((name) => name.endsWith('.pem')).sort();
	roots = await Promise.all(
		files.slice(0, 2).map(async (name) => signerFromPem(await readFile(path.join(folder, name), 'utf8'), passphrase)),
	);
	const floor = 'package tappass.policy\n\nbudget.tool_calls_per_minute := 30\n';
	await test.call('POST', '/v1/policies/apply', { files: [fileOf('floor.rego', floor)] });
	const { body } = await test.call('POST', '/v1/sandbox-specs/eu-support-emailer/bootstraps', {
		count: 1,
		project: 'support',
	});
	host = await HostSimulator.enrol(body.items[0].url, { name: 'tenant_a' });
	expect(await host.stream()).toBe(200);
});
afterAll(async () => {
	host.stop();
	await test.close();
});

interface Prepared {
	readonly role: OnlineRole;
	readonly key_id: string;
	readonly algorithm: 'ed25519' | 'es256';
	readonly public: string;
}
const publicOf = (role: OnlineRole, { algorithm, id, spki }: Signer): Prepared => ({
	role,
	key_id: id,
	algorithm,
	public: encodeBase64(spki),
});
const prepare = async (role: OnlineRole): Promise<Prepared> =>
	(await test.call('POST', '/v1/root/keys', { role })).body;
const held = async (): Promise<TrustedRoot> =>
	pinRoot(Buffer.from((await test.call('GET', '/v1/root')).body.document as string, 'base64'));
/** The document that follows, with these keys listed for their roles and no others. */
async function following(keys: readonly Prepared[], change: Partial<RootDocument> = {}): Promise<Buffer> {
	const { document } = await held();
	const roles = { ...document.roles };
	for (const { role } of keys)
		roles[role] = { threshold: 1, keyids: keys.filter((key) => key.role === role).map(({ key_id }) => key_id) };
	const all = {
		...document.keys,
		...Object.fromEntries(keys.map((key) => [key.key_id, { algorithm: key.algorithm, public: key.public }])),
	};
	const used = new Set(Object.values({ ...roles, ...change.roles }).flatMap(({ keyids }) => keyids));
	const next: RootDocument = {
		...document,
		version: document.version + 1,
		issued_at: instant(Date.now() - 1_000),
		keys: Object.fromEntries(Object.entries(all).filter(([id]) => used.has(id))),
		roles,
		...change,
	};
	return Buffer.from(documentBytes(await signRoot(next, roots)));
}
const give = (document: Buffer): Promise<Reply> =>
	test.call('POST', '/v1/root', { document: document.toString('base64') });
const inUse = async (role: OnlineRole): Promise<string> =>
	(await test.call('GET', '/v1/root/keys')).body.items.find(
		(key: { role: string; state: string }) => key.role === role && key.state === 'in_use',
	).key_id;
/** What a thief would have who read the server's memory. */
const stolen = (role: OnlineRole): Promise<Signer> => {
	const { keys, store } = test.server.services;
	return store.withOrg(host.identity.org_id, (transaction) => keys.current(transaction, host.identity.org_id, role));
};
async function signersInLog(): Promise<readonly string[]> {
	const { body } = await test.call('GET', '/v1/audit/events?type=policy.signed&limit=200');
	return Promise.all(
		body.items.map(async ({ event_id }: { readonly event_id: string }) => {
			const { opening } = (await test.call('GET', `/v1/audit/events/${event_id}/payload`)).body;
			return JSON.parse(Buffer.from(opening, 'base64').subarray(saltBytes).toString('utf8')).payload.key_id as string;
		}),
	);
}
const caughtUp = async (): Promise<void> => {
	const { version } = (await held()).document;
	await host.until(() => host.state.root.document.version === version && host.state.held !== null);
};

describe('a root document is refused', () => {
	const other = generateSigner('ed25519');

	it.each<readonly [string, string, () => Promise<Buffer>]>([
		[
			'that lists neither the key in use nor the one that waits',
			'key_unknown',
			async () => {
				await prepare('freshness');
				return following([publicOf('freshness', other)]);
			},
		],
		[
			'that lists a foreign key beside the one that waits',
			'key_unknown',
			async () => following([await prepare('freshness'), publicOf('freshness', other)]),
		],
		[
			'that lists a foreign key beside the one in use',
			'key_unknown',
			async () => following([publicOf('policy', await stolen('policy')), publicOf('policy', other)]),
		],
		[
			'that lists a key which waited for another role',
			'key_unknown',
			async () => following([{ ...(await prepare('audit')), role: 'freshness' }]),
		],
		[
			'that lists a key which no longer waits',
			'key_unknown',
			async () => {
				const before = await prepare('token');
				await prepare('token');
				return following([before]);
			},
		],
		[
			'that asks for two signatures where the server has one key',
			'threshold_unmet',
			async () => {
				const key = await prepare('freshness');
				const current = publicOf('freshness', await stolen('freshness'));
				const { document } = await held();
				const two = { threshold: 2, keyids: [key.key_id, current.key_id] };
				return following([key, current], { roles: { ...document.roles, freshness: two } });
			},
		],
		[
			'that lists a new policy key and keeps the epoch',
			'key_invalid',
			async () => following([await prepare('policy')]),
		],
	])('%s', async (_name, code, make) => {
		const before = await held();
		const reply = await give(await make());

		expect(reply.body.code, JSON.stringify(reply.body)).toBe(code);
		expect((await held()).sha256).toBe(before.sha256);
	});

	it('from a key that may not administer the root, and no new key is made for it either', async () => {
		const { body } = await test.call('POST', '/v1/keys', { name: 'reader', scopes: ['status.read', 'policy.*'] });
		const eve = await test.signIn(body.key);

		expect((await eve.call('POST', '/v1/root/keys', { role: 'policy' })).body.code).toBe('forbidden');
		expect((await eve.call('POST', '/v1/root', { document: 'AAAA' })).body.code).toBe('forbidden');
		expect((await eve.call('POST', '/v1/data-keys', {})).body.code).toBe('forbidden');
	});

	it('when it comes a second time, and when it lists a retired key again', async () => {
		const old = publicOf('freshness', await stolen('freshness'));
		const document = await following([await prepare('freshness')]);
		expect((await give(document)).status).toBe(200);

		expect((await give(document)).body.code).toBe('root_rollback');
		expect((await give(await following([publicOf('freshness', await stolen('freshness')), old]))).body.code).toBe(
			'key_unknown',
		);
		await caughtUp();
	});

	it('when two come at once: one takes effect', async () => {
		const key = await prepare('freshness');
		const [one, two] = [await following([key]), await following([key], { issued_at: instant(Date.now() - 5_000) })];
		const replies = await Promise.all([give(one), give(two)]);

		expect(replies.map(({ body }) => body.code ?? 'taken').sort()).toEqual(['root_rollback', 'taken']);
		expect(await inUse('freshness')).toBe(key.key_id);
		await caughtUp();
	});
});

describe('a key that waits', () => {
	it('signs nothing, and is not known to hosts', async () => {
		for (const role of ['policy', 'freshness', 'token', 'audit'] as const) {
			const before = await inUse(role);
			const key = await prepare(role);

			expect(await inUse(role)).toBe(before);
			expect((await stolen(role)).id).toBe(before);
			expect(host.state.root.keys.has(key.key_id)).toBe(false);
		}
		await host.reconcile();
		expect(host.state.held!.signers.freshness).toEqual([await inUse('freshness')]);
	});
});

describe('a rotation', () => {
	it('row 22: of the freshness key is followed by hosts, which keep their floor and refuse the old key', async () => {
		const thief = await stolen('freshness');
		const { floor, policy_version } = { floor: host.state.floor, policy_version: host.policy_version };
		const { body } = await give(await following([await prepare('freshness')]));
		expect(body).toMatchObject({ stale: 0, rotated: [{ role: 'freshness', replaces: thief.id }] });
		await caughtUp();

		expect(host.policy_version).toBe(policy_version);
		expect(host.state.floor).toMatchObject({ epoch: (floor as { epoch: number }).epoch, policy_version });
		expect(host.state.held!.signers.freshness).toEqual([await inUse('freshness')]);
		const { policy } = (await host.call('GET', '/v1/sync/snapshot')).body!['keyring'] as { policy: Json };
		const { freshness } = host.state.held!;
		const late = await signFreshness({ ...freshness, seq: freshness.seq + 50 }, thief);
		const forged = canonicalBytes({ schema: 'tappass.keyring/1', policy, freshness: late as unknown as Json });
		expect(host.receive(forged)).toMatchObject({ accept: false, code: 'key_unknown' });
	});

	it('row 22: of the token key voids every token of the old one, at the gateway too', async () => {
		const tokenOf = (): string => host.state.held!.freshness.tokens.gateway_token;
		await host.call('POST', '/v1/sync/sessions', { schema: 'tappass.session/1', detail: {} });
		await host.reconcile();
		const ask = (token: string): Promise<Reply> =>
			send(test.server.urls.agent!, 'GET', '/v1/models', undefined, { authorization: `Bearer ${token}` });
		const before = tokenOf();
		expect((await ask(before)).status).toBe(200);
		const thief = await stolen('token');
		await give(await following([await prepare('token')]));
		await caughtUp();
		await host.until(() => tokenOf() !== before);

		const claims = JSON.parse(Buffer.from(tokenOf().split('.')[1]!, 'base64url').toString('utf8'));
		const forged = await mintToken({ ...claims, jti: 'forged' }, thief);
		await expect.poll(async () => (await ask(before)).status).toBe(401);
		expect((await ask(forged)).status).toBe(401);
		expect((await ask(tokenOf())).status).toBe(200);
	});

	it('row 23: of the policy key begins an epoch; the log lists what the old one signed; hosts refuse it', async () => {
		const [thief, freshness, token] = [await stolen('policy'), await stolen('freshness'), await stolen('token')];
		const { epoch } = (await held()).document;
		const { body } = await give(await following([await prepare('policy')], { epoch: epoch + 1 }));
		expect(body).toMatchObject({ epoch: epoch + 1, signed: 1, failed: 0 });
		await caughtUp();

		expect(host.state.floor).toMatchObject({ epoch: epoch + 1, policy_version: 1 });
		expect(host.state.held!.signers.policy).toEqual([await inUse('policy')]);
		for (const at of [epoch, epoch + 1]) {
			const forged = await makeDevelopmentKeyring(
				{ ...generateKeys(), policy: thief, freshness, token } as never,
				{
					compiled_policy: policyWithBudget(999),
					policy_version: 2,
					epoch: at,
					seq: 900,
					ttl_seconds: 300,
					now: Date.now(),
					identity: { org_id: host.identity.org_id, sandbox_id: host.identity.sandbox_id },
				} as never,
			);
			expect(host.receive(forged)).toMatchObject({ accept: false, code: 'key_unknown' });
		}
		// What to look through after a compromise: each entry names the key that signed.
		await expect
			.poll(signersInLog, { timeout: 60_000 })
			.toEqual(expect.arrayContaining([thief.id, await inUse('policy')]));
	});

	it('of the audit key: the next checkpoint is signed by the new one', async () => {
		const key = await prepare('audit');
		await give(await following([key]));

		const { org_id } = host.identity;
		await expect
			.poll(
				() =>
					test.server.services.store.withOrg(org_id, async (transaction) => {
						const newest = await transaction
							.selectFrom('audit_checkpoints')
							.select(['key_id', 'note'])
							.orderBy('size', 'desc')
							.limit(1)
							.executeTakeFirstOrThrow();
						return [newest.key_id, parseNote(newest.note).signatures.length];
					}),
				{ timeout: 60_000 },
			)
			.toEqual([key.key_id, 1]);
		const { body } = await test.call('GET', '/v1/audit/log');
		const verifier = noteKey(body.origin, Buffer.from(key.public, 'base64'));
		expect(body.vkey).toBe(vkeyText(verifier));
		const { note } = (await test.call('GET', `/v1/audit/checkpoints/${body.checkpoint.size}`)).body;
		expect(verifyCheckpoint(Buffer.from(note), verifier).checkpoint.size).toBe(body.checkpoint.size);
	});

	it('with overlap leaves what the old key signed in force, and its private half is gone all the same', async () => {
		const old = publicOf('freshness', await stolen('freshness'));
		const keyring = host.state.held!;
		const key = await prepare('freshness');
		await give(await following([key, old]));
		await host.until(() => host.state.root.document.roles.freshness.keyids.length === 2);

		expect(keyring.signers.freshness).toEqual([old.key_id]);
		expect(host.posture).toBe('fresh');
		await host.until(() => host.state.held!.signers.freshness.includes(key.key_id));
		const { sealed } = await test.server.services.store.withOrg(host.identity.org_id, (transaction) =>
			transaction.selectFrom('org_keys').select('sealed').where('key_id', '=', old.key_id).executeTakeFirstOrThrow(),
		);
		expect(sealed).toHaveLength(0);

		expect((await give(await following([publicOf('freshness', await stolen('freshness'))]))).status).toBe(200);
		expect((await give(await following([publicOf('freshness', await stolen('freshness')), old]))).body.code).toBe(
			'key_unknown',
		);
		expect(decodeBase64(old.public)).toBeDefined();
	});

	it('of the data key: what was sealed before opens, and new things are sealed by the new one', async () => {
		const { org_id } = host.identity;
		const { keys, store } = test.server.services;
		const { body } = await test.call('POST', '/v1/data-keys', {});
		await prepare('audit');

		const rows = await store.withOrg(org_id, (transaction) =>
			transaction.selectFrom('org_keys').select(['data_key_id', 'pending']).where('role', '=', 'audit').execute(),
		);
		expect(rows.filter(({ pending }) => pending).map(({ data_key_id }) => data_key_id)).toEqual([body.id]);
		expect(new Set(rows.map(({ data_key_id }) => data_key_id)).size).toBe(2);
		expect((await keyIdsAfterRestart()).audit).toBe((await stolen('audit')).id);
		expect((await store.withOrg(org_id, (transaction) => keys.firstDataKey(transaction, org_id))).id).not.toBe(body.id);
	});
});

describe('the CA of the host plane', () => {
	const prepareCa = async (): Promise<string> =>
		(await test.call('POST', '/v1/root/keys', { role: 'host_ca' })).body.key_id;
	const toCa = (host_ca_spki_sha256: string): Promise<Buffer> => following([], { host_ca_spki_sha256 });
	/** As if the hour had passed in which hosts hear of it. */
	const age = (): Promise<unknown> =>
		test.server.services.store.withOrg(host.identity.org_id, (transaction) =>
			transaction
				.updateTable('org_keys')
				.set({ created_at: new Date(Date.now() - 3_600_001) })
				.where('pending', '=', true)
				.where('role', '=', 'host_ca')
				.execute(),
		);
	const url = async (): Promise<string> =>
		(await test.call('POST', '/v1/sandbox-specs/eu-support-emailer/bootstraps', { count: 1 })).body.items[0].url;
	const casOf = ({ certificate }: HostSimulator['identity']): number =>
		certificate.ca.split('BEGIN CERTIFICATE').length - 1;
	const caInUse = async (): Promise<string> => (await held()).document.host_ca_spki_sha256;

	it('is not replaced by one that is not this server’s, nor before hosts can have heard of it', async () => {
		const before = await caInUse();
		expect((await give(await toCa('0'.repeat(64)))).body.code).toBe('key_unknown');
		const waiting = await prepareCa();

		expect((await give(await toCa(waiting))).body.code).toBe('authority_too_new');
		expect(await caInUse()).toBe(before);
	});

	it('is replaced while hosts stay connected: none is cut off, enrolled before, between or after', async () => {
		const early = await url();
		const before = await caInUse();
		const waiting = await prepareCa();
		// A certificate that was handed out before the next CA waited ends before it is used; the one after it brings both.
		expect(casOf(host.identity)).toBe(1);
		expect((await host.renew()).status).toBe(201);
		expect(casOf(host.identity)).toBe(2);
		const between = await HostSimulator.enrol(await url(), { name: 'between' });
		expect(await host.stream()).toBe(200);
		await age();

		expect((await give(await toCa(waiting))).body).toMatchObject({
			rotated: [{ role: 'host_ca', key_id: waiting, replaces: before }],
		});
		await caughtUp();

		// The stream is still the one that was open, and new connections are made with the old certificate.
		expect(host.streaming).toBe(true);
		const again = host.clone();
		expect((await again.reconcile()).status).toBe(200);
		for (const one of [host, between]) {
			expect((await one.reconcile()).status).toBe(200);
			expect((await one.renew()).status).toBe(201);
			expect(casOf(one.identity)).toBe(1);
			expect((await one.reconcile()).status).toBe(200);
			expect(new X509Certificate(one.identity.certificate.certificate).issuer).toContain(waiting.slice(0, 16));
		}
		const late = [
			await HostSimulator.enrol(early, { name: 'early' }),
			await HostSimulator.enrol(await url(), { name: 'late' }),
		];
		for (const one of late) expect((await one.reconcile()).status).toBe(200);
		const old = await test.server.services.store.withOrg(host.identity.org_id, (transaction) =>
			transaction.selectFrom('org_keys').select('sealed').where('key_id', '=', before).executeTakeFirstOrThrow(),
		);
		expect(old.sealed).toHaveLength(0);
		for (const one of [between, again, ...late]) one.stop();
	});

	it('is replaced at once when it must be: who had not heard of the new one does not believe it', async () => {
		const stranded = await HostSimulator.enrol(await url(), { name: 'stranded' });
		const waiting = await prepareCa();
		const forced = await test.call('POST', '/v1/root', {
			document: (await toCa(waiting)).toString('base64'),
			cut_off: true,
		});
		expect(forced.status).toBe(200);
		const fresh = stranded.clone();
		await expect
			.poll(() => fresh.reconcile().catch((error: NodeJS.ErrnoException) => error.code), { timeout: 30_000 })
			.toMatch(/CERT|SIGNED/);
		const enrolled = await HostSimulator.enrol(await url(), { name: 'anew' });

		expect((await enrolled.reconcile()).status).toBe(200);
		for (const one of [stranded, fresh, enrolled]) one.stop();
	});

	it('is listed with the other keys', async () => {
		const { items } = (await test.call('GET', '/v1/root/keys')).body;
		const states = items
			.filter(({ role }: { role: string }) => role === 'host_ca')
			.map(({ state }: { state: string }) => state);

		expect(states.filter((state: string) => state === 'in_use')).toHaveLength(1);
		expect(states.filter((state: string) => state === 'retired')).toHaveLength(2);
	});
});

describe('the key that wraps the data keys', () => {
	const file = (): string => path.join(test.directory, 'secrets', 'kms.key');

	it('is replaced while the server runs: nothing is lost, and the old one opens nothing any more', async () => {
		const { org_id } = host.identity;
		const old = await readFile(file(), 'utf8');
		const { kms_key_id } = await addFileKey(file());
		const { body } = await test.call('POST', '/v1/data-keys/rewrap', {});
		expect(body).toEqual({ kms_key_id, data_keys: 2, rewrapped: 2 });
		expect((await test.call('POST', '/v1/data-keys/rewrap', {})).body).toMatchObject({ rewrapped: 0 });

		// As a replica that starts with the new line alone, and as a thief with the old file.
		const lines = (await readFile(file(), 'utf8')).split('\n');
		await writeFile(file(), `${lines[0]}\n`);
		const ids = await keyIdsAfterRestart();
		const thief = path.join(test.directory, 'secrets', 'old.key');
		await writeFile(thief, old, { mode: 0o600 });
		const opened = new OrgKeys(await fileKms(thief));

		expect(ids.audit).toBe((await stolen('audit')).id);
		await expect(
			test.server.services.store.withOrg(org_id, (transaction) => opened.dataKey(transaction, org_id)),
		).rejects.toThrow(expect.objectContaining({ code: 'key_invalid' }));
		expect((await test.call('POST', '/v1/data-keys', {})).status).toBe(201);
	});

	it('is replaced by those alone who administer the root', async () => {
		const { body } = await test.call('POST', '/v1/keys', { name: 'narrow', scopes: ['status.read', 'key.manage'] });
		const eve = await test.signIn(body.key);

		expect((await eve.call('POST', '/v1/data-keys/rewrap', {})).body.code).toBe('forbidden');
	});
});

/** Opens every key in use as a process that has just begun does. */
async function keyIdsAfterRestart(): Promise<Readonly<Record<string, string>>> {
	const { org_id } = host.identity;
	const fresh = new OrgKeys(await fileKms(path.join(test.directory, 'secrets', 'kms.key')));
	return test.server.services.store.withOrg(org_id, async (transaction) => {
		const ids: Record<string, string> = {};
		for (const role of onlineRoles) ids[role] = (await fresh.current(transaction, org_id, role)).id;
		return ids;
	});
}
