import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import type { OrgId, SandboxId } from '@tappass/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hostPlaneName } from '../ca/spiffe.ts';
import { KeyringIssuer } from '../freshness/keyring-issuer.ts';
import { openRestoreGuard } from '../freshness/restore-guard.ts';
import { HostSimulator } from '../test-support/host-simulator.ts';
import { type TestControlPlane, type TestOrg, testControlPlane } from '../test-support/test-control-plane.ts';
import { StreamHub } from './stream-hub.ts';
import { TlsContexts } from './tls-contexts.ts';

let control: TestControlPlane;
let org: TestOrg;
beforeAll(async () => {
	control = await testControlPlane();
	org = await control.addOrg('org_acme01');
	await control.start();
});
afterAll(() => control.close());

interface Handshake {
	readonly reused: boolean;
	readonly fingerprint: string;
	readonly session: Buffer | undefined;
}

/** One handshake, one request, and the session that came with it. */
function handshake(port: number, servername: string | undefined, session?: Buffer): Promise<Handshake> {
	return new Promise((resolve, reject) => {
		let held: Buffer | undefined;
		const socket: TLSSocket = connect({
			host: '127.0.0.1',
			port,
			rejectUnauthorized: false,
			...(servername === undefined ? {} : { servername }),
			...(session === undefined ? {} : { session }),
		});
		socket.on('session', (given) => {
			held = given;
		});
		let [reused, fingerprint] = [false, ''];
		socket.on('secureConnect', () => {
			reused = socket.isSessionReused();
			fingerprint = socket.getPeerX509Certificate()?.fingerprint256 ?? '';
			socket.write('GET /v1/sync/snapshot HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
		});
		socket.on('error', reject);
		socket.on('data', () => {});
		socket.on('close', () => resolve({ reused, fingerprint, session: held }));
	});
}

describe('a TLS session', () => {
	it.each([
		['of a connection that names no org', undefined],
		['of a connection that names its org', hostPlaneName('org_acme01' as OrgId)],
	])('%s is never resumed, also after the certificate was made anew', async (_what, servername) => {
		let ahead = 0;
		const plane = await control.start({ now: () => Date.now() + ahead });
		const before = await handshake(plane.port, servername);
		expect((await handshake(plane.port, servername, before.session)).reused).toBe(false);

		ahead = 13 * 3_600_000;
		await expect
			.poll(async () => (await handshake(plane.port, servername)).fingerprint, { timeout: 30_000 })
			.not.toBe(before.fingerprint);
		const after = await handshake(plane.port, servername);

		expect((await handshake(plane.port, servername, after.session)).reused).toBe(false);
	});
});

describe('the protocol of a connection', () => {
	const negotiated = async (ALPNProtocols: string[]): Promise<string | false | null> => {
		const { port } = await control.start();
		const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ALPNProtocols });
		try {
			await once(socket, 'secureConnect');
			return socket.alpnProtocol;
		} finally {
			socket.destroy();
		}
	};

	it('is refused where the client speaks no HTTP/1.1', async () => {
		await expect(negotiated(['h2'])).rejects.toThrow(/no application protocol/);
	});
	it('is HTTP/1.1 also where the client would rather speak another', async () => {
		expect(await negotiated(['h2', 'http/1.1'])).toBe('http/1.1');
	});
});

describe('the contexts of the host plane', () => {
	const counting = (): { contexts: TlsContexts; asked: () => number } => {
		let asked = 0;
		const { keys } = control;
		const { store } = control.database;
		const contexts = new TlsContexts({
			store: {
				withOrg: (...parameters) => {
					asked += 1;
					return store.withOrg(...parameters);
				},
				orgIds: () => {
					asked += 1;
					return store.orgIds();
				},
			},
			keys,
			now: Date.now,
		});
		return { contexts, asked: () => asked };
	};

	it('are made once for all who connect at the same time', async () => {
		const { asked, contexts } = counting();
		const made = await Promise.all([...Array(50)].map(() => contexts.forName(hostPlaneName(org.org_id))));

		expect(new Set(made).size).toBe(1);
		expect(asked()).toBeLessThanOrEqual(2);
	});

	it('of orgs that there are not cost no question each', async () => {
		const { asked, contexts } = counting();
		const names = [...Array(200).keys()].map((at) => hostPlaneName(`org_nobody${at}`.padEnd(12, 'x') as OrgId));
		const made = await Promise.allSettled(names.map((name) => contexts.forName(name)));

		expect(new Set(made.map(({ status }) => status))).toEqual(new Set(['rejected']));
		expect(asked()).toBeLessThanOrEqual(1);
	});

	it('of an org that was made a moment ago are found', async () => {
		const { contexts } = counting();
		await contexts.forName(hostPlaneName(org.org_id));
		const names = ['org_early01', 'org_later01'].map((id) => hostPlaneName(id as OrgId));
		const early = contexts.forName(names[0]!).catch(() => undefined);
		await Promise.all([control.addOrg('org_early01'), control.addOrg('org_later01')]);
		await early;

		for (const name of names) expect(await contexts.forName(name)).not.toBeNull();
	});
});

describe('a renewal', () => {
	it('shows the certificate that asks: the one before it is worth nothing from then on', async () => {
		const [id] = (await control.addSandboxes(org, 1)) as [SandboxId];
		const host = await HostSimulator.enrol((await control.emit(org, id)).url);
		const first = host.clone();
		expect((await host.renew()).status).toBe(201);
		// Nothing but a renewal is ever asked with the second certificate.
		expect((await host.renew()).status).toBe(201);

		expect((await first.reconcile()).body?.['code']).toBe('certificate_superseded');
		expect((await host.reconcile()).status).toBe(200);
		for (const one of [host, first]) one.stop();
	});

	it('is refused to a certificate that is not byte for byte the one that was issued', async () => {
		const [id] = (await control.addSandboxes(org, 1)) as [SandboxId];
		const host = await HostSimulator.enrol((await control.emit(org, id)).url);
		await control.database.store.withOrg(org.org_id, (transaction) =>
			transaction
				.updateTable('certificates')
				.set({ certificate: Buffer.of(0) } as never)
				.where('sandbox_id', '=', id)
				.execute(),
		);

		expect((await host.renew()).body?.['code']).toBe('certificate_required');
		host.stop();
	});
});

describe('a stream', () => {
	it('that opens while its sandbox is being revoked ends at once, though the notice came before it', async () => {
		const [id] = (await control.addSandboxes(org, 1)) as [SandboxId];
		const { directory, store } = control.database;
		const guard = openRestoreGuard(`${directory}/watermarks`, store);
		const issuer = new KeyringIssuer({ store, keys: control.keys, guard, now: Date.now });
		const hub = new StreamHub({ store, issuer, now: Date.now, random: () => 0.5, onError: () => {} });
		const host = { org_id: org.org_id, sandbox_id: id, serial: '01', generation: 1, not_after: Date.now() + 600_000 };
		// Authenticated a moment before; the notice found no stream to end.
		await control.revoke(org, id);
		const server = createServer((_request, response) => hub.open(host, response)).listen(0, '127.0.0.1');
		await new Promise((resolve) => server.once('listening', resolve));
		const { port } = server.address() as AddressInfo;

		const text = await new Promise<string>((resolve, reject) => {
			let all = '';
			request({ port, host: '127.0.0.1' }, (response) => {
				response.on('data', (part: Buffer) => {
					all += part.toString('utf8');
				});
				response.on('close', () => resolve(all));
			})
				.on('error', reject)
				.end();
		});

		expect(text).toContain('event: revoked');
		expect(text).toContain('sandbox_revoked');
		server.close();
	});
});
