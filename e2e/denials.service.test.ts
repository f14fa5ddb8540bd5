/** A denial in a sandbox, as an auditor finds it: its type and code by the audit command, the host and the reason behind it. So is what an agent took too much of. */
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { agentPackage, type HostMachine, hostMachine } from './support/host-machine.ts';
import { firstKey, type ServerProcess, startServerProcess, Terminal } from './support/operator.ts';

let ada: Terminal;
let server: ServerProcess;
let machine: HostMachine;
beforeAll(async () => {
	ada = new Terminal();
	server = await startServerProcess(ada);
	const signedIn = await ada.run(`tappass login --server ${server.url} --key-file -`, firstKey(ada));
	expect(signedIn.exit, signedIn.stderr).toBe(0);
	const [url] = (await succeeds('tappass sandbox-spec emit-bootstrap eu-support-emailer --project eu-team'))
		.trim()
		.split('\n');
	machine = await hostMachine({ env: { TAPPASS_HOST_WORKSPACE_MIB: '16' } });
	await agentPackage(machine.directory, 'idle-agent', '#!/usr/bin/env node\nsetInterval(() => undefined, 60_000);\n');
	expect(await machine.host('init', 'tenant_a', '--enroll-url', url!)).toMatchObject({ code: 0 });
	const started = await machine.host('start', 'tenant_a', '--agent', 'idle-agent');
	expect(started.code, started.stderr).toBe(0);
}, 120_000);
afterAll(async () => {
	await machine.close();
	await server.stop();
	ada.close();
}, 60_000);

async function succeeds(line: string): Promise<string> {
	const done = await ada.run(line);
	expect(done.exit, `${line}\n${done.stderr}`).toBe(0);
	return done.stdout;
}

test('a curl that was denied is in the audit log of its sandbox, with code, host and reason', async () => {
	const curl = ['curl', '-sS', '-m', '5', 'https://evil.example/'];
	expect((await machine.host('shell', 'tenant_a', '--', ...curl)).code).not.toBe(0);

	const query = 'tappass audit query --sandbox tenant_a --type host.denied';
	const denials = async (): Promise<readonly { readonly index: number; readonly code: string }[]> =>
		(await ada.json(query)).items;
	await expect.poll(async () => (await denials()).length, { timeout: 30_000 }).toBeGreaterThan(0);

	const [denial] = await denials();
	expect(denial).toMatchObject({ type: 'host.denied', decision: 'block', code: 'domain_not_allowed' });
	expect(await succeeds(query)).toMatch(/host\.denied +block +domain_not_allowed/);
	expect((await ada.json('tappass audit query --sandbox tenant_a --type host.denied --code other')).items).toEqual([]);

	const out = join(mkdtempSync(join(tmpdir(), 'tappass-denials-')), 'log');
	await succeeds(`tappass audit export -o ${out} --payloads`);
	const opened = readdirSync(join(out, 'payloads'))
		.flatMap((name) =>
			readFileSync(join(out, 'payloads', name), 'utf8')
				.split('\n')
				.filter(Boolean),
		)
		.map((line) => JSON.parse(line) as { readonly index: number; readonly opening: string });
	const { opening } = opened.find(({ index }) => index === denial!.index)!;
	// 32 bytes of salt come before what they hide.
	const { payload } = JSON.parse(Buffer.from(opening, 'base64').subarray(32).toString('utf8'));
	expect(payload).toMatchObject({
		kind: 'egress_denied',
		body: { host: 'evil.example', port: 443, reason: 'evil.example is not in network.allow_domains' },
	});
});

describe('an agent that takes more than it may is in the audit log', () => {
	const codes = async (): Promise<readonly string[]> =>
		(await ada.json('tappass audit query --sandbox tenant_a')).items.map(({ code }: { code: string | null }) => code);
	const python = (...lines: readonly string[]): Promise<{ readonly stdout: string }> =>
		machine.host('shell', 'tenant_a', '--', 'python3', '-c', lines.join('\n'));

	test('connections: past the bound the proxy ends them, and says so', async () => {
		const { stdout } = await python(
			'import socket, time',
			'held = [socket.create_connection(("127.0.0.1", 3128)) for _ in range(250)]',
			'time.sleep(2)',
			'print("asked for", len(held))',
		);
		expect(stdout).toContain('asked for 250');

		await expect.poll(codes, { timeout: 30_000 }).toContain('connection_limit');
	});

	test('workspace: the agent is ended, and comes back to a workspace that it can make room in', async () => {
		const before = await machine.sandbox('tenant_a');
		await python('open("/workspace/big", "wb").write(bytes(64 << 20))', 'import time', 'time.sleep(90)');

		await expect.poll(codes, { timeout: 30_000 }).toContain('workspace_exhausted');
		expect((await machine.sandbox('tenant_a')).agent.starts).toBeGreaterThanOrEqual(before.agent.starts);
		expect(await succeeds('tappass audit query --sandbox tenant_a --code workspace_exhausted')).toContain('block');
	});
});
