import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import type { SandboxId } from '@tappass/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { localStatus, stopLocal } from './control.ts';
import { startServer } from './main.ts';
import { deriveBatch } from './recompile/derive.ts';
import { newId } from './store/ids.ts';
import { insertSandboxes, markStale } from './store/sandboxes.ts';
import { fileOf, type TestServer, testServer } from './test-support/test-server.ts';

let test: TestServer;
beforeAll(async () => {
	test = await testServer();
	await test.call('POST', '/v1/policies/apply', {
		files: [fileOf('base.rego', 'package tappass.policy\n\ntools.allow contains "gmail.*"\n')],
		project: null,
	});
	await test.call('POST', '/v1/sandbox-specs', { shipped: 'eu-support-emailer', project: 'eu-team' });
});
afterAll(() => test.close());

async function addSandboxes(count: number): Promise<readonly SandboxId[]> {
	const { store } = test.server.services;
	const [org_id] = await store.orgIds();
	const ids = Array.from({ length: count }, () => newId('sbx') as SandboxId);
	await store.withOrg(org_id!, (transaction) =>
		insertSandboxes(
			transaction,
			ids.map((id) => ({
				org_id: org_id!,
				id,
				spec_id: 'eu-support-emailer',
				project: 'eu-team',
				agent: 'eu-support-emailer',
				runtime_id: 'node-bubblewrap',
				created_by: 'test',
			})),
		),
	);
	return ids;
}

describe('a data directory', () => {
	it('is used by one server: a second one is refused and disturbs nothing', async () => {
		await expect(startServer(test.options)).rejects.toMatchObject({ code: 'already_running' });
		expect((await test.call('GET', '/v1/whoami')).status).toBe(200);
	});

	it('tells commands on the same machine what runs, and nothing when nothing does', async () => {
		expect(await localStatus(test.directory)).toMatchObject({ pid: process.pid, urls: test.server.urls });
		expect(await localStatus('/nonexistent')).toBeNull();
	});
});

describe('re-deriving', () => {
	it('goes on after a crash with exactly what was left, and signs nothing twice', async () => {
		const { store, derive, recompiler } = test.server.services;
		const [org_id] = await store.orgIds();
		const ids = await addSandboxes(30);
		await recompiler.drain(org_id!);
		await store.withOrg(org_id!, (transaction) => markStale(transaction, ['eu-support-emailer']));
		// A batch that dies before its end leaves nothing behind.
		const crash = store.withOrg(org_id!, async (transaction) => {
			await deriveBatch(
				transaction,
				org_id!,
				{ ...derive, terms: { ...derive.terms, agent_plane_url: 'http://127.0.0.1:1' } },
				Date.now(),
				10,
			);
			throw new Error('kill');
		});
		await expect(crash).rejects.toThrow('kill');
		await Promise.all([recompiler.drain(org_id!), recompiler.drain(org_id!)]);
		const rows = await store.withOrg(org_id!, (transaction) =>
			transaction
				.selectFrom('policy_statements')
				.select(['sandbox_id', 'policy_version'])
				.where('sandbox_id', 'in', ids)
				.execute(),
		);

		// Nothing they depend on was different: the statement of each still holds.
		expect(rows).toHaveLength(30);
		expect(new Set(rows.map(({ policy_version }) => policy_version))).toEqual(new Set([1]));
	});

	it('by several at once gives each sandbox exactly one next version', async () => {
		const { store, recompiler } = test.server.services;
		const [org_id] = await store.orgIds();
		const ids = await addSandboxes(40);
		await recompiler.drain(org_id!);
		const replies = await Promise.all(
			[1, 2, 3].map((limit) =>
				test.call('POST', '/v1/policies/apply', {
					project: 'eu-team',
					files: [fileOf('limit.rego', `package tappass.policy\n\ntools.deny contains "gmail.x${limit}"\n`)],
				}),
			),
		);
		const rows = await store.withOrg(org_id!, (transaction) =>
			transaction
				.selectFrom('sandboxes')
				.select(['id', 'policy_version', 'stale', 'policy_sha256'])
				.where('id', 'in', ids)
				.execute(),
		);
		const statements = await store.withOrg(org_id!, (transaction) =>
			transaction
				.selectFrom('policy_statements')
				.select(['sandbox_id', 'policy_version', 'sha256'])
				.where('sandbox_id', 'in', ids)
				.execute(),
		);

		expect(replies.map(({ status }) => status)).toEqual([200, 200, 200]);
		for (const row of rows) {
			const own = statements
				.filter(({ sandbox_id }) => sandbox_id === row.id)
				.map(({ policy_version }) => policy_version)
				.sort((a, b) => a - b);
			expect(own).toEqual(Array.from({ length: row.policy_version }, (_, at) => at + 1));
			expect(row.stale).toBe(false);
			expect(
				statements.find((each) => each.sandbox_id === row.id && each.policy_version === row.policy_version)?.sha256,
			).toBe(row.policy_sha256);
		}
	});

	it('a second statement for one version is refused by the database, whoever signs it', async () => {
		const { store } = test.server.services;
		const [org_id] = await store.orgIds();
		const twice = store.withOrg(org_id!, async (transaction) => {
			const one = await transaction.selectFrom('policy_statements').selectAll().limit(1).executeTakeFirstOrThrow();
			await transaction
				.insertInto('policy_statements')
				.values({ ...one, sha256: '0'.repeat(64) })
				.execute();
		});

		await expect(twice).rejects.toMatchObject({ code: '23505' });
	});
});

describe('a listener', () => {
	it('survives what is no HTTP, headers without end, and connections that say nothing', async () => {
		const port = Number(new URL(test.url).port);
		const inputs = [
			'\u0000\u0001\u0002',
			'GET / HTTP/1.1\r\n',
			`GET /${'a'.repeat(100_000)} HTTP/1.1\r\n\r\n`,
			`GET / HTTP/1.1\r\nx: ${'b'.repeat(100_000)}\r\n\r\n`,
			'POST /v1/auth/token HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n',
			'POST /v1/teams HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n',
			'\u0016\u0003\u0001\u0002\u0000',
		];
		const sockets = await Promise.all(
			Array.from({ length: 70 }, async (_, at) => {
				const socket = net.connect(port, '127.0.0.1').on('error', () => {});
				await once(socket, 'connect');
				socket.write(inputs[at % inputs.length]!);
				return socket;
			}),
		);
		const reply = await test.call('GET', '/v1/whoami');
		for (const socket of sockets) socket.destroy();

		expect(reply.status).toBe(200);
	});
});

describe('a database that goes away', () => {
	it('is answered with 503 and nothing else, and used again when it is back, without a restart', async () => {
		const own = await testServer();
		const pid = Number(
			(await readFile(path.join(own.directory, 'postgres', 'data', 'postmaster.pid'), 'utf8')).split('\n')[0],
		);
		await own.call('GET', '/v1/whoami');
		process.kill(pid, 'SIGSTOP');
		const hung = own.call('GET', '/v1/whoami');
		process.kill(pid, 'SIGCONT');
		const after = await hung;
		// Every backend is ended at once, as when the database restarts.
		const { store } = own.server.services;
		const client = await store.connect();
		client.on('error', () => {});
		await client.query(
			'select pg_terminate_backend(pid) from pg_stat_activity where usename = current_user and pid <> pg_backend_pid()',
		);
		await client.end();
		const replies = [];
		for (let at = 0; at < 40; at += 1) replies.push((await own.call('GET', '/v1/whoami')).status);
		await own.close();

		expect(after.status).toBe(200);
		expect(new Set(replies.map((status) => status === 200 || status === 503))).toEqual(new Set([true]));
		expect(replies.at(-1)).toBe(200);
	});
});

describe('stopping', () => {
	it('finishes what is under way, keeps everything, and starts again with it', async () => {
		const own = await testServer();
		const writes = Array.from({ length: 20 }, (_, at) => own.call('POST', '/v1/teams', { name: `team-${at}` }));
		await Promise.all(writes);
		const reading = Array.from({ length: 10 }, () =>
			own.call('GET', '/v1/teams').then(
				({ status }) => status,
				() => 'refused',
			),
		);
		expect(await stopLocal(own.directory)).toMatchObject({ pid: process.pid });
		expect(await own.server.ended).toBe('stopped');
		await own.server.close();
		await Promise.all(reading);
		expect(await localStatus(own.directory)).toBeNull();
		const again = await testServer({ directory: own.directory });
		const teams = (await again.call('GET', '/v1/teams?limit=100')).body.items;
		await again.close();

		expect(again.server.created).toBeNull();
		expect(teams).toHaveLength(21);
	});
});
