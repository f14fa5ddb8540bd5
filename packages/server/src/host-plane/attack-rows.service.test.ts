import { readFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { canonicalBytes, type Json, type OrgId, type SandboxId } from '@tappass/core';
import { generateKeys, generateSigner, makeDevelopmentKeyring, signFreshness } from '@tappass/signing';
import { type Now, trustLimits } from '@tappass/trust';
import { sql } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAuthority, issueServerCertificate } from '../ca/authority.ts';
import {
	BasicConstraintsExtension,
	Pkcs10CertificateRequestGenerator,
	SubjectAlternativeNameExtension,
} from '../ca/x509.ts';
import { announce } from '../events/notices.ts';
import {
	type Answer,
	connectPinned,
	fetchPinnedRoot,
	HostSimulator,
	makeKeyAndRequest,
	parseBootstrapUrl,
	redeem,
	type SimulatorOptions,
	send,
} from '../test-support/host-simulator.ts';
import {
	policyWithBudget,
	type TestControlPlane,
	type TestOrg,
	testControlPlane,
} from '../test-support/test-control-plane.ts';
import type { HostPlane } from './host-plane.ts';

/*
 * Attacks and faults of enrolment and sync, against the real host plane on a real PostgreSQL. The numbers are rows of the
 * threat model; what those rows say about the audit log is tested where that log is.
 */

let control: TestControlPlane;
let plane: HostPlane;
let org: TestOrg;
let other: TestOrg;
const logged: string[] = [];

beforeAll(async () => {
	control = await testControlPlane();
	org = await control.addOrg('org_acme01');
	other = await control.addOrg('org_globex1');
	plane = await control.start({ log: (...line) => logged.push(JSON.stringify(line)) });
});
afterAll(() => control.close());

const code = (expected: string): object => expect.objectContaining({ code: expected });
const addOne = async (of: TestOrg = org): Promise<SandboxId> => (await control.addSandboxes(of, 1))[0]!;
const enrol = async (of: TestOrg = org, options?: SimulatorOptions): Promise<HostSimulator> =>
	HostSimulator.enrol((await control.emit(of, await addOne(of))).url, options);
const codeOf = (answer: Answer): unknown => answer.body?.['code'];
const query = (text: string, of: TestOrg = org): Promise<unknown> =>
	control.database.store.withOrg(of.org_id, (transaction) => sql.raw(text).execute(transaction));
const eventsOf = async (of: TestOrg, id: SandboxId): Promise<readonly string[]> =>
	(await control.securityEvents(of)).filter(({ sandbox_id }) => sandbox_id === id).map((event) => event.code);

/** Clocks that a test moves. */
function movableClocks(aheadMs = 0): { readonly now: () => Now; move: (ms: number) => void } {
	let ahead = aheadMs;
	return {
		now: () => ({ wall_ms: Date.now() + ahead, monotonic_ms: performance.now() + ahead }),
		move: (ms) => {
			ahead += ms;
		},
	};
}

describe('sync', () => {
	it('row 10, freeze: a silent server leaves the host stale at 120 s, and denying at expires_at', async () => {
		const clocks = movableClocks();
		const host = await enrol(org, clocks);
		const { bytes } = { bytes: canonicalBytes((await host.call('GET', '/v1/sync/snapshot')).body!['keyring']!) };
		expect(host.receive(bytes).accept).toBe(true);
		expect(host.posture).toBe('fresh');

		clocks.move(120_000);
		expect(host.posture).toBe('stale');
		expect(host.receive(bytes)).toMatchObject({ accept: false, code: 'seq_replay' });
		clocks.move(host.state.held!.expires_at_ms - clocks.now().wall_ms - 500);
		expect(host.posture).toBe('stale');
		clocks.move(500);

		expect(host.posture).toBe('denied');
		host.stop();
	});

	it('row 16, wrong sandbox or tenant with a valid signature: refused, and both tenants are told without content', async () => {
		const [host, neighbour] = [await enrol(), await enrol()];
		const theirs = (await neighbour.call('GET', '/v1/sync/snapshot')).body!['keyring']!;
		expect(host.receive(canonicalBytes(theirs))).toMatchObject({
			accept: false,
			code: 'audience_mismatch',
			alarm: true,
		});
		const stranger = await addOne(other);
		const forged = await makeDevelopmentKeyring(
			{ ...generateKeys(), ...org.keys },
			{
				compiled_policy: policyWithBudget(1),
				policy_version: 9,
				seq: 9,
				ttl_seconds: 300,
				now: Date.now(),
				identity: { org_id: other.org_id, sandbox_id: stranger },
			},
		);
		const decision = host.receive(forged);
		expect(decision).toMatchObject({ accept: false, code: 'audience_mismatch' });

		const { fields } = host.rejections.at(-1)!;
		const event = {
			event_id: 'one',
			kind: 'sync_rejected',
			at: '2026-01-01T00:00:00Z',
			body: { code: 'audience_mismatch', ...fields, secret_content: 'not for others' },
		};
		const answers = [
			await host.call('POST', '/v1/sync/events', { schema: 'tappass.events/1', events: [event] }),
			await host.call('POST', '/v1/sync/events', { schema: 'tappass.events/1', events: [event] }),
		];

		expect(answers.map(({ body }) => [body!['stored'], body!['known']])).toEqual([
			[1, 0],
			[0, 1],
		]);
		expect(await eventsOf(org, host.identity.sandbox_id)).toEqual(['audience_mismatch']);
		const told = (await control.securityEvents(other)).filter(({ sandbox_id }) => sandbox_id === stranger);
		const astray = {
			code: 'audience_mismatch',
			sandbox_id: stranger,
			detail: { direction: 'sent_astray', said_by: 'a host of another org' },
		};
		expect(told).toEqual([astray]);

		// However often a host says it, and whatever it makes up, the other org hears of what there is, once.
		const before = (await control.securityEvents(other)).length;
		const claims = [
			...Array(50).fill({ claimed_org_id: other.org_id, claimed_sandbox_id: stranger }),
			{ claimed_org_id: other.org_id, claimed_sandbox_id: 'sbx_madeup0001' },
			{ claimed_org_id: other.org_id },
			{ claimed_org_id: 'org_nobody01', claimed_sandbox_id: stranger },
		];
		const events = claims.map((claim, at) => ({
			...event,
			event_id: `more-${at}`,
			body: { code: 'audience_mismatch', ...claim },
		}));
		const more = await host.call('POST', '/v1/sync/events', { schema: 'tappass.events/1', events });
		expect(more.body).toMatchObject({ stored: claims.length });
		expect(await control.securityEvents(other)).toHaveLength(before);
		const { rows } = (await query(
			`select sandbox_id from audit_pending where type = 'security.alarm'
				union all select sandbox_id from audit_entries where type = 'security.alarm'`,
			other,
		)) as { readonly rows: readonly object[] };
		expect(rows).toEqual([{ sandbox_id: stranger }]);
		host.stop();
		neighbour.stop();
	});

	it('row 20, host clock far ahead: everything looks expired, so it denies, and the server’s Date says why', async () => {
		const host = await enrol(org, movableClocks(3_600_000));

		await host.reconcile();

		expect(host.rejections.map((rejection) => rejection.code)).toEqual(['expired', 'expired']);
		expect(host.posture).toBe('denied');
		expect(host.clockHint).toBe('clock_ahead');
		host.stop();
	});

	it('row 22, online key compromised: cannot change policy; after a rotation hosts follow and keep their floor', async () => {
		const own = await control.addOrg('org_row22x');
		const host = await enrol(own);
		await host.stream();
		await control.apply(own, [host.identity.sandbox_id], { policy: policyWithBudget(2) });
		await host.until(() => host.policy_version === 2);
		const stolen = own.keys.freshness;
		const terms = {
			compiled_policy: policyWithBudget(999),
			policy_version: 3,
			seq: 900,
			ttl_seconds: 300,
			now: Date.now(),
		};
		const identity = { org_id: own.org_id, sandbox_id: host.identity.sandbox_id };
		const withOwnKey = await makeDevelopmentKeyring(
			{ ...generateKeys(), freshness: stolen, token: own.keys.token },
			{ ...terms, identity },
		);
		const withStolenKey = await makeDevelopmentKeyring(
			{ ...generateKeys(), policy: stolen, freshness: stolen, token: own.keys.token },
			{ ...terms, identity },
		);
		expect(host.receive(withOwnKey)).toMatchObject({ accept: false, code: 'key_unknown' });
		expect(host.receive(withStolenKey)).toMatchObject({ accept: false, code: 'key_role_mismatch' });

		await control.rotate(own, { epoch: 1, keys: await control.replaceKeys(own, ['freshness']) });
		await host.until(() => host.state.root.document.version === 2 && host.state.held !== null);

		expect(host.policy_version).toBe(2);
		expect(host.state.floor).toMatchObject({ epoch: 1, policy_version: 2, root_version: 2 });
		const { policy } = (await host.call('GET', '/v1/sync/snapshot')).body!['keyring'] as { policy: Json };
		const { seq } = host.state.held!.freshness;
		const late = await signFreshness({ ...host.state.held!.freshness, seq: seq + 50 }, stolen);
		expect(
			host.receive(canonicalBytes({ schema: 'tappass.keyring/1', policy, freshness: late as unknown as Json })),
		).toMatchObject({
			code: 'key_unknown',
		});
		host.stop();
	});

	it('row 23, policy key compromised: a new root and epoch make hosts deny until a new statement', async () => {
		const own = await control.addOrg('org_row23x');
		const host = await enrol(own);
		await host.stream();
		await host.until(() => host.events.includes('keyring'));
		const thief = own.keys.policy;

		const replaced = await control.replaceKeys(own, ['policy']);
		await control.rotate(own, { epoch: 2, keys: replaced });
		await host.until(() => host.state.root.document.epoch === 2);
		expect(host.posture).toBe('denied');
		await control.apply(own, [host.identity.sandbox_id], { signer: thief, policy: policyWithBudget(999) });
		await host.until(() => host.rejections.some((rejection) => rejection.code === 'key_unknown'));
		expect(host.posture).toBe('denied');
		await control.apply(own, [host.identity.sandbox_id], { signer: replaced.policy!, policy: policyWithBudget(3) });
		await host.until(() => host.posture === 'fresh');

		expect(host.state.held!.policy.compiled_policy.budget.tool_calls_per_minute).toBe(3);
		expect(host.state.floor).toMatchObject({ epoch: 2 });
		host.stop();
	});

	it('row 40, control plane restored from a backup: it refuses to sign until the epoch is raised', async () => {
		const own = await control.addOrg('org_row40x');
		const host = await enrol(own);
		for (let round = 0; round < 4; round += 1) expect((await host.reconcile()).status).toBe(200);
		const waiting = await control.emit(own, await addOne(own));

		await query("update watermarks set counter = 1 where org_id = 'org_row40x'", own);
		const restarted = await control.start();
		const again = { ...host.identity, origin: `https://127.0.0.1:${restarted.port}` };
		const afterRestart = new HostSimulator(again, host.state.root);
		for (const at of [host, afterRestart, host, afterRestart, host]) {
			const refused = await at.reconcile();
			expect([refused.status, codeOf(refused)]).toEqual([503, 'restore_suspected']);
		}
		const parts = parseBootstrapUrl(waiting.url);
		const exchange = await redeem(parts, (await fetchPinnedRoot(parts)).root, {
			csr: (await makeKeyAndRequest()).csr,
			name: 'late',
		});
		expect([exchange.status, codeOf(exchange)]).toEqual([503, 'restore_suspected']);

		await control.rotate(own, { epoch: 2 });
		await control.apply(own, [host.identity.sandbox_id]);
		await host.reconcile();

		expect(host.state.floor).toMatchObject({ epoch: 2, policy_version: 1 });
		expect(host.posture).toBe('fresh');
		host.stop();
		afterRestart.stop();
	});

	it('row 41, restore resurrects burned bootstrap tokens: all that were issued before are void', async () => {
		const own = await control.addOrg('org_row41x');
		const emitted = await control.emit(own, await addOne(own));
		const host = await HostSimulator.enrol(emitted.url);
		const unused = await control.emit(own, await addOne(own));
		await query('update bootstraps set used_at = null, used_key_sha256 = null, response = null', own);
		await control.rotate(own, { epoch: 2 });
		for (const { url } of [emitted, unused]) {
			const parts = parseBootstrapUrl(url);
			const { root } = await fetchPinnedRoot(parts);

			const answer = await redeem(parts, root, { csr: (await makeKeyAndRequest()).csr, name: 'again' });

			expect([answer.status, codeOf(answer)]).toEqual([410, 'bootstrap_void']);
		}
		host.stop();
	});

	it('row 42, two control-plane leaders: no sequence number twice, and no second hash for a version', async () => {
		const second = await control.start();
		const host = await enrol();
		const twin = new HostSimulator({ ...host.identity, origin: `https://127.0.0.1:${second.port}` }, host.state.root);

		const answers = await Promise.all(
			[...Array(16).keys()].map((at) => (at % 2 === 0 ? host : twin).call('GET', '/v1/sync/snapshot')),
		);

		const seqs = answers.map(({ body }) => {
			const { freshness } = body!['keyring'] as { readonly freshness: { readonly payload: string } };
			return (JSON.parse(Buffer.from(freshness.payload, 'base64').toString()) as { readonly seq: number }).seq;
		});
		expect(new Set(seqs).size).toBe(16);
		await expect(
			query(`insert into policy_statements select org_id, sandbox_id, epoch, policy_version, repeat('0', 64), envelope,
				compiled_sha256, key_id, issued_at from policy_statements where sandbox_id = '${host.identity.sandbox_id}'`),
		).rejects.toThrow(/duplicate key/);
		host.stop();
		twin.stop();
	});

	it('row 53, downgrade of protocol version: a lower one is refused, and so is one not spoken here', async () => {
		const host = await enrol();
		const { floor } = host.state;
		if (floor === 'none') throw new Error('no floor');
		host.state = { ...host.state, floor: { ...floor, protocol_max: 2 } };
		await host.reconcile();
		expect(host.rejections.at(-1)).toMatchObject({ code: 'protocol_downgrade' });
		await control.apply(org, [host.identity.sandbox_id], { min_protocol: 3 });

		await host.reconcile();

		expect(host.rejections.at(-1)).toMatchObject({ code: 'protocol_unsupported' });
		expect(host.policy_version).toBe(1);
		host.stop();
	});

	it('row 54, push flood to host: changes that come together are pushed together', async () => {
		const host = await enrol();
		await host.stream();
		await host.until(() => host.events.length > 0);
		const { org_id, sandbox_id } = host.identity;
		const before = plane.figures().keyrings_sent;

		await Promise.all(
			[...Array(300).keys()].map(() =>
				control.database.store.withOrg(org_id, (transaction) =>
					announce(transaction, { kind: 'policy', org_id, sandbox_ids: [sandbox_id] }),
				),
			),
		);
		await control.apply(org, [sandbox_id], { policy: policyWithBudget(5) });
		await host.until(() => host.policy_version === 2);

		expect(host.rejections).toEqual([]);
		expect(plane.figures().keyrings_sent - before).toBeLessThan(300);
		const answers = await Promise.all([...Array(120).keys()].map(() => host.call('POST', '/v1/sync/status', '{}')));
		const floodOfEvents = async (): Promise<readonly number[]> => {
			const other = await enrol();
			const statuses: number[] = [];
			for (let batch = 0; batch < 27; batch += 1) {
				const events = [...Array(200).keys()].map((at) => ({
					event_id: `e-${batch}-${at}`,
					kind: 'egress_denied',
					at: '2026-01-01T00:00:00Z',
					body: {},
				}));
				statuses.push((await other.call('POST', '/v1/sync/events', { schema: 'tappass.events/1', events })).status);
			}
			other.stop();
			return statuses;
		};
		const limited = answers.filter(({ status }) => status === 429);
		expect(limited.length).toBeGreaterThan(20);
		expect((await floodOfEvents()).at(-1)).toBe(429);
		expect(limited.every(({ headers }) => Number(headers['retry-after']) >= 1)).toBe(true);
		host.stop();
	});

	it('row 55, cross-tenant id guessing: an id that is another’s and one that is no one’s get the same answer', async () => {
		const [host, sibling, foreigner] = [await enrol(), await enrol(), await enrol(other)];
		const openAt = async (at: HostSimulator): Promise<string> => {
			const { body } = await at.call('POST', '/v1/sync/sessions', { schema: 'tappass.session/1', detail: {} });
			return body!['session_id'] as string;
		};
		const ids = [await openAt(sibling), await openAt(foreigner), 'ses_aaaaaaaaaaaaaaaaaaaa'];
		const times = new Map<string, number[]>(ids.map((id) => [id, []]));
		const texts = new Set<string>();
		for (let round = 0; round < 15; round += 1) {
			for (const id of ids) {
				const begin = performance.now();
				const answer = await host.call('POST', `/v1/sync/sessions/${id}/close`);
				times.get(id)!.push(performance.now() - begin);
				texts.add(`${answer.status} ${answer.text}`);
				if (times.get(id)!.length % 5 === 0) await new Promise((resolve) => setTimeout(resolve, 500));
			}
		}

		expect(texts.size).toBe(1);
		expect([...texts][0]).toMatch(/^404 .*"code":"not_found"/);
		// The quickest of each: what else the machine does only ever makes an answer slower.
		const quickest = [...times.values()].map((list) => Math.min(...list));
		expect(Math.max(...quickest)).toBeLessThan(Math.min(...quickest) * 3 + 5);
		const impostor = new HostSimulator(
			{
				...foreigner.identity,
				org_id: org.org_id,
				certificate: { ...foreigner.identity.certificate, ca: host.identity.certificate.ca },
			},
			host.state.root,
		);
		expect(codeOf(await impostor.call('GET', '/v1/sync/snapshot'))).toBe('certificate_required');
		for (const one of [host, sibling, foreigner, impostor]) one.stop();
	});

	it('row 52, revoked: a connected host is told on its stream, and nothing of it works any more', async () => {
		const host = await enrol();
		await host.stream();
		await host.until(() => host.events.length > 0);

		await control.revoke(org, host.identity.sandbox_id);
		await host.until(() => host.ended !== undefined);

		expect(host.ended).toEqual({ event: 'revoked', code: 'sandbox_revoked' });
		expect(host.posture).toBe('denied');
		expect(codeOf(await host.reconcile())).toBe('sandbox_revoked');
		expect(codeOf(await host.renew())).toBe('sandbox_revoked');
		host.stop();
	});
});

describe('enrolment', () => {
	const prepare = async (
		now?: number,
	): Promise<{
		url: ReturnType<typeof parseBootstrapUrl>;
		root: Awaited<ReturnType<typeof fetchPinnedRoot>>['root'];
		id: SandboxId;
	}> => {
		const id = await addOne();
		const url = parseBootstrapUrl((await control.emit(org, id, now)).url);
		return { url, root: (await fetchPinnedRoot(url)).root, id };
	};
	let names = 0;
	const name = (): string => `host-${(names += 1)}`;

	it('row 43, bootstrap replay after use: 410 and an alarm that names both addresses', async () => {
		const { id, root, url } = await prepare();
		const first = await redeem(url, root, { csr: (await makeKeyAndRequest()).csr, name: name() });
		expect(first.status).toBe(201);
		await query(`update bootstraps set used_at = used_at - interval '61 seconds' where sandbox_id = '${id}'`);

		const second = await redeem(url, root, { csr: (await makeKeyAndRequest()).csr, name: name() });

		expect([second.status, codeOf(second)]).toEqual([410, 'bootstrap_used']);
		const events = (await control.securityEvents(org)).filter(({ sandbox_id }) => sandbox_id === id);
		expect(events).toMatchObject([{ code: 'bootstrap_used', detail: { used_from: '127.0.0.1', from: '127.0.0.1' } }]);
	});

	it('row 44, 100 concurrent redemptions: exactly one succeeds', async () => {
		const { root, url } = await prepare();
		const requests = await Promise.all([...Array(100).keys()].map(() => makeKeyAndRequest()));

		const answers = await Promise.all(requests.map(({ csr }) => redeem(url, root, { csr, name: name() })));

		const counts = new Map<string, number>();
		for (const answer of answers) {
			const key = `${answer.status} ${codeOf(answer) ?? ''}`;
			counts.set(key, (counts.get(key) ?? 0) + 1);
		}
		expect(Object.fromEntries(counts)).toEqual({ '201 ': 1, '409 bootstrap_contested': 99 });
	});

	it('row 45, reply lost after commit: the same key gets the same certificate within 60 s, another key gets 409', async () => {
		const { id, root, url } = await prepare();
		const { csr } = await makeKeyAndRequest();
		const own = name();

		const answers = await Promise.all([...Array(10).keys()].map(() => redeem(url, root, { csr, name: own })));
		const contested = await redeem(url, root, { csr: (await makeKeyAndRequest()).csr, name: own });

		expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(201));
		expect(new Set(answers.map(({ body }) => JSON.stringify(body!['certificate']))).size).toBe(1);
		expect([contested.status, codeOf(contested)]).toEqual([409, 'bootstrap_contested']);
		expect(await eventsOf(org, id)).toEqual(['bootstrap_contested']);
	});

	it('row 46, bootstrap at 15 min + 1 s: the server’s clock decides, 410', async () => {
		const late = await prepare(Date.now() - 901_000);
		const early = await prepare(Date.now() - 890_000);

		const refused = await redeem(late.url, late.root, { csr: (await makeKeyAndRequest()).csr, name: name() });
		const accepted = await redeem(early.url, early.root, { csr: (await makeKeyAndRequest()).csr, name: name() });

		expect([refused.status, codeOf(refused)]).toEqual([410, 'bootstrap_expired']);
		expect(accepted.status).toBe(201);
	});

	it('row 47, link-preview GET, HEAD and prefetch: an inert page, nothing burned, no token in the logs', async () => {
		const { root, url } = await prepare();
		const address = `${url.origin}/install/${url.token}`;

		const get = await send(address, { agent: false, headers: { 'sec-purpose': 'prefetch' } });
		const head = await send(address, { agent: false, method: 'HEAD' });
		const post = await send(address, { agent: false, method: 'POST', body: {} });
		const wrong = await send(`${address}/exchange`, {
			agent: false,
			method: 'POST',
			body: 'x',
			headers: { 'content-type': 'text/plain' },
		});

		expect([get.status, head.status, post.status, wrong.status]).toEqual([200, 200, 405, 415]);
		expect(get.headers['content-type']).toContain('text/html');
		expect(get.headers['referrer-policy']).toBe('no-referrer');
		expect(get.text).not.toContain(url.token);
		expect((await redeem(url, root, { csr: (await makeKeyAndRequest()).csr, name: name() })).status).toBe(201);
		expect(logged.length).toBeGreaterThan(0);
		expect(logged.filter((line) => line.includes(url.token.split('.')[1]!))).toEqual([]);
	});

	it('row 48, man in the middle with a valid public certificate: the host stops before it sends anything', async () => {
		const { root, url } = await prepare();
		const theirs = await createAuthority('org_mallory' as OrgId, generateSigner('es256'), {
			now: Date.now(),
			serial: new Uint8Array(16).fill(7),
		});
		const { certificate, key } = await issueServerCertificate(theirs, org.org_id, {
			now: Date.now(),
			serial: new Uint8Array(16).fill(9),
		});
		const seen: string[] = [];
		let relayed: Uint8Array = Buffer.from('{}');
		const middle = createServer({ cert: certificate, key }, (request, response) => {
			seen.push(`${request.method} ${request.url}`);
			response.end(relayed);
		});
		await new Promise<void>((resolve) => middle.listen(0, '127.0.0.1', resolve));
		const misled = { ...url, origin: `https://127.0.0.1:${(middle.address() as AddressInfo).port}` };

		await expect(fetchPinnedRoot(misled)).rejects.toThrow();
		relayed = (await fetchPinnedRoot(parseBootstrapUrl((await control.emit(other, await addOne(other))).url))).bytes;
		await expect(fetchPinnedRoot(misled)).rejects.toThrow(code('root_mismatch'));
		relayed = (await fetchPinnedRoot(url)).bytes;
		await expect(fetchPinnedRoot(misled)).resolves.toBeDefined();
		await expect(connectPinned(misled.origin, root)).rejects.toThrow(code('root_mismatch'));

		expect(seen.every((line) => line.startsWith('GET /v1/roots/') && !line.includes(url.token))).toBe(true);
		middle.close();
	});

	it('row 49, a request for more names, CA:true or a long validity: the server makes its own template', async () => {
		const { root, url } = await prepare();
		const keys = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
		const csr = await Pkcs10CertificateRequestGenerator.create({
			name: 'CN=root',
			keys,
			signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
			extensions: [
				new BasicConstraintsExtension(true, 5, true),
				new SubjectAlternativeNameExtension([{ type: 'dns', value: 'evil.example' }]),
			],
		});

		const { body, status } = await redeem(url, root, { csr: csr.toString('pem'), name: name() });

		expect(status).toBe(201);
		const { certificate, expires_at } = body!['certificate'] as {
			readonly certificate: string;
			readonly expires_at: string;
		};
		const { X509Certificate } = await import('node:crypto');
		const issued = new X509Certificate(certificate);
		expect([issued.ca, issued.subjectAltName?.includes('evil')]).toEqual([false, false]);
		expect(Date.parse(expires_at) - Date.now()).toBeLessThanOrEqual(3_600_000);
	});

	it('walks from the root document of a URL to the newest, however many came since', async () => {
		const id = await addOne();
		const { url } = await control.emit(org, id);
		for (let times = 0; times < 3; times += 1) await control.rotate(org, { epoch: 1 });

		const host = await HostSimulator.enrol(url, { name: name() });

		expect(host.state.root.document.version).toBeGreaterThanOrEqual(4);
		expect(host.rejections).toEqual([]);
		expect(host.policy_version).toBe(1);
		host.stop();
	});

	it('burns nothing for a host that has a root document which this server has not', async () => {
		const { root, url } = await prepare();
		const request = { csr: (await makeKeyAndRequest()).csr, name: name() };

		const ahead = await redeem(url, root, { ...request, root_version: root.document.version + 1 });
		const later = await redeem(url, root, request);

		expect([ahead.status, codeOf(ahead)]).toEqual([409, 'root_rollback']);
		expect(later.status).toBe(201);
	});

	it('answers what is missing of the chain, also to one that did not walk it', async () => {
		const id = await addOne();
		const url = parseBootstrapUrl((await control.emit(org, id)).url);
		const { root } = await fetchPinnedRoot(url);
		for (let times = 0; times < 2; times += 1) await control.rotate(org, { epoch: 1 });

		const answer = await redeem(url, root, { csr: (await makeKeyAndRequest()).csr, name: name() });
		const nobody = await send(`${url.origin}/v1/roots/${url.org_id}/${'0'.repeat(64)}/after`, { agent: false });

		expect((answer.body!['roots'] as Json[]).length).toBe(2);
		expect([nobody.status, codeOf(nobody)]).toEqual([404, 'not_found']);
	});

	it('burns nothing when the name is taken or the request cannot be certified', async () => {
		const taken = await prepare();
		const own = name();
		expect((await redeem(taken.url, taken.root, { csr: (await makeKeyAndRequest()).csr, name: own })).status).toBe(201);
		const { root, url } = await prepare();
		const { csr } = await makeKeyAndRequest();

		const answers = [
			await redeem(url, root, { csr, name: own }),
			await redeem(url, root, { csr: 'nonsense', name: name() }),
			await redeem({ ...url, token: `${url.token.slice(0, -1)}${url.token.endsWith('A') ? 'B' : 'A'}` }, root, {
				csr,
				name: name(),
			}),
			await redeem(url, root, { csr, name: name() }),
		];

		expect(answers.map((answer) => codeOf(answer))).toEqual([
			'already_exists',
			'csr_invalid',
			'bootstrap_unknown',
			undefined,
		]);
	});
});

describe('certificates', () => {
	it('row 38, cloned machine: the renewal that shows two hosts with one identity locks both', async () => {
		const host = await enrol();
		const clone = host.clone();
		await host.stream();
		expect((await host.renew()).status).toBe(201);
		expect((await host.reconcile()).status).toBe(200);
		expect(await host.stream()).toBe(200);

		expect(codeOf(await clone.reconcile())).toBe('certificate_superseded');
		expect(codeOf(await clone.renew())).toBe('sandbox_locked');
		await host.until(() => host.ended?.event === 'revoked');

		expect(host.ended?.code).toBe('sandbox_locked');
		expect(codeOf(await host.reconcile())).toBe('sandbox_locked');
		expect(await eventsOf(org, host.identity.sandbox_id)).toEqual(['sandbox_locked']);
		host.stop();
		clone.stop();
	});

	it('row 38, cloned machine: a clone that renews first is found out when the other shows what was voided', async () => {
		const host = await enrol();
		const clone = host.clone();
		expect((await host.renew()).status).toBe(201);
		expect((await clone.renew()).status).toBe(201);

		expect(codeOf(await host.reconcile())).toBe('sandbox_locked');
		expect(codeOf(await clone.reconcile())).toBe('sandbox_locked');
		host.stop();
		clone.stop();
	});

	it('row 50, renewal crash windows: the old certificate works until the new one is seen, in all three', async () => {
		const host = await enrol();
		const before = host.identity;
		expect((await host.reconcile()).status).toBe(200);
		// The reply never came.
		expect((await host.renew({ keep: 'none' })).status).toBe(201);
		expect((await host.reconcile()).status).toBe(200);
		// It came and was lost with the power, before it was on the disk.
		expect((await host.renew()).status).toBe(201);
		const back = new HostSimulator(before, host.state.root);
		expect((await back.reconcile()).status).toBe(200);
		// The same key asks again: the same certificate.
		const using = await makeKeyAndRequest();
		const twice = [await back.renew({ using, keep: 'none' }), await back.renew({ using })];
		expect(twice.map(({ status }) => status)).toEqual([201, 201]);
		expect(twice[0]!.body!['certificate']).toBe(twice[1]!.body!['certificate']);

		expect((await back.reconcile()).status).toBe(200);

		const old = new HostSimulator(before, host.state.root);
		expect(codeOf(await old.reconcile())).toBe('certificate_superseded');
		for (const one of [host, back, old]) one.stop();
	});

	it('row 51, certificate expired while asleep: it cannot renew itself', async () => {
		const twoHoursAgo = (): number => Date.now() - 7_200_000;
		const earlier = await control.start({ now: twoHoursAgo });
		const url = (await control.emit(org, await addOne(), twoHoursAgo())).url.replace(
			control.address(),
			`https://127.0.0.1:${earlier.port}`,
		);
		const host = await HostSimulator.enrol(url);
		const awake = new HostSimulator({ ...host.identity, origin: control.address() }, host.state.root);

		const answers = [await awake.reconcile(), await awake.renew()];

		expect(answers.map((answer) => [answer.status, codeOf(answer)])).toEqual(
			Array(2).fill([401, 'certificate_expired']),
		);
		expect(answers[0]!.body!['hint']).toContain('bootstrap');
		host.stop();
		awake.stop();
	});

	it('are needed everywhere but at /install, and one that this server did not issue is none', async () => {
		const bare = await send(`${control.address()}/v1/sync/snapshot`, { agent: false });
		const host = await enrol();
		const theirs = await enrol(other);
		await query(`update certificates set certificate = '\\x00' where sandbox_id = '${host.identity.sandbox_id}'`);

		expect([bare.status, codeOf(bare)]).toEqual([401, 'certificate_required']);
		expect(codeOf(await host.reconcile())).toBe('certificate_required');
		expect((await theirs.reconcile()).status).toBe(200);
		host.stop();
		theirs.stop();
	});

	it('end the stream when they end', async () => {
		let ahead = 0;
		const moving = await control.start({ now: () => Date.now() + ahead });
		const host = await enrol();
		const there = new HostSimulator({ ...host.identity, origin: `https://127.0.0.1:${moving.port}` }, host.state.root);
		expect(await there.stream()).toBe(200);
		ahead = 3_600_001;

		await there.until(() => there.ended !== undefined);

		expect(there.ended).toEqual({ event: 'end', code: 'certificate_expired' });
		host.stop();
		there.stop();
	});
});

describe('a session', () => {
	it('is in the tokens from the moment it is opened, and in none after it was closed', async () => {
		const host = await enrol();
		const sidOf = (): unknown => {
			const [, claims] = host.state.held!.freshness.tokens.gateway_token.split('.');
			return (JSON.parse(Buffer.from(claims!, 'base64url').toString()) as { readonly sid: string }).sid;
		};
		expect(sidOf()).toBe('none');
		const { body, status } = await host.call('POST', '/v1/sync/sessions', {
			schema: 'tappass.session/1',
			detail: { command: 'agent' },
		});
		expect(status).toBe(201);
		host.receive(canonicalBytes(body!['keyring']!));
		expect(sidOf()).toBe(body!['session_id']);

		expect((await host.call('POST', `/v1/sync/sessions/${body!['session_id']}/close`)).status).toBe(200);
		await host.reconcile();

		expect(sidOf()).toBe('none');
		host.stop();
	});
});

describe('status', () => {
	it('is kept as the host last said it', async () => {
		const host = await enrol();
		const status = {
			schema: 'tappass.status/1',
			epoch: 1,
			policy_version: 1,
			policy_sha256: host.state.held!.policy_sha256,
			rings: { kernel: { provider: 'bubblewrap', state: 'active', policy_version: 1 } },
			detail: {},
		};
		expect((await host.call('POST', '/v1/sync/status', { ...status, unknown: 1 })).status).toBe(422);

		expect((await host.call('POST', '/v1/sync/status', status)).status).toBe(200);

		const row = await control.database.store.withOrg(org.org_id, (transaction) =>
			transaction
				.selectFrom('sandbox_status')
				.selectAll()
				.where('sandbox_id', '=', host.identity.sandbox_id)
				.executeTakeFirst(),
		);
		expect(row).toMatchObject({ policy_version: 1, rings: status.rings });
		host.stop();
	});
});

describe('a database that goes away', () => {
	it('is survived: hosts keep what they have, are told to come back, and are served when it is there again', async () => {
		const host = await enrol();
		await host.stream();
		await host.until(() => host.events.length > 0);
		const secrets = JSON.parse(
			await readFile(path.join(control.database.directory, 'secrets', 'engine.json'), 'utf8'),
		) as { postgres: string };
		const superuser = new pg.Client({
			host: path.join(control.database.directory, 'postgres', 'socket'),
			user: 'postgres',
			password: secrets.postgres,
			database: 'postgres',
		});
		await superuser.connect();
		await superuser.query('alter role tappass_app connection limit 0');
		await superuser.query("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'tappass_app'");
		const away = await host.reconcile();
		expect([away.status, codeOf(away)]).toEqual([503, 'store_unavailable']);
		expect(host.posture).toBe('fresh');
		expect(host.streaming).toBe(true);

		await superuser.query('alter role tappass_app connection limit -1');
		await superuser.end();
		await control.apply(org, [host.identity.sandbox_id], { policy: policyWithBudget(4) });
		await host.until(() => host.policy_version === 2);

		expect((await host.reconcile()).status).toBe(200);
		expect(trustLimits.freshnessTtlMaxMs).toBe(300_000);
		host.stop();
	});
});
