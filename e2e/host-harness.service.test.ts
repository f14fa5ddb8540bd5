/**
 * The harness ring on a host (architecture §9.2): its files stand where the program inside reads them, and a Runtime that
 * names a harness starts no agent without it.
 */
import { fileOf, type TestServer, testServer } from '@tappass/server/test-server';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { agentPackage, type HostMachine, hostMachine, until } from './support/host-machine.ts';

const floor = [
	'package tappass.policy',
	'tools.allow contains "github.*"',
	'budget.tool_calls_per_minute := 30',
	'budget.tokens_per_day := 1000',
].join('\n\n');

const shown = `#!/usr/bin/env node
import { readFileSync, writeFileSync } from 'node:fs';
const path = '/etc/claude-code/managed-settings.json';
const settings = JSON.parse(readFileSync(path, 'utf8'));
console.log('managed', settings.permissions.defaultMode, JSON.stringify(process.argv.slice(2)));
try { writeFileSync(path, '{}'); console.log('written'); } catch (error) { console.log('refused', error.code); }
setInterval(() => undefined, 60_000);
`;

let server: TestServer;
let machine: HostMachine;
beforeAll(async () => {
	server = await testServer();
	expect((await server.call('POST', '/v1/policies/apply', { files: [fileOf('floor.rego', floor)] })).status).toBe(200);
	machine = await hostMachine();
	await agentPackage(machine.directory, 'claude', shown);
	await agentPackage(machine.directory, 'other-agent', shown);
	const made = await server.call('POST', '/v1/sandbox-specs/code-reviewer/bootstraps', {
		count: 1,
		project: 'reviews',
	});
	expect(made.status).toBe(201);
	expect(await machine.host('init', 'reviewer', '--enroll-url', made.body.items[0].url)).toMatchObject({ code: 0 });
});
afterAll(async () => {
	await machine.close();
	await server.close();
});

test('another program than the harness is refused: it would run without its profile', async () => {
	const refused = await machine.host('start', 'reviewer', '--agent', 'other-agent');

	expect(refused.code).toBe(1);
	expect(refused.stderr).toContain('runtime_unenforced');
	expect(refused.stderr).toContain('claude');
	expect((await machine.sandbox('reviewer')).agent).toMatchObject({ pid: null });
});

test('the harness finds its managed files, cannot change them, and gets its own arguments first', async () => {
	const started = await machine.host('start', 'reviewer', '--agent', 'claude', '--', 'review');
	expect(started.stderr).not.toContain('error');
	expect(started.code).toBe(0);

	await until(async () => (await machine.host('logs', 'reviewer')).stdout.includes('refused'));
	const { stdout } = await machine.host('logs', 'reviewer');
	expect(stdout).toContain('managed dontAsk ["--setting-sources","","review"]');
	expect(stdout).toContain('refused EROFS');
	expect(stdout).not.toContain('written');
});
