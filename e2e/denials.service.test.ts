/** A denial in a sandbox, as an auditor finds it: its type and code by the audit command, the host and the reason behind it. */
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
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
	machine = await hostMachine();
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
