/**
 * Under any mask that a host owner may have set: the strictest, which our own unit sets too, keeps no agent from what it is
 * shown; the loosest lets nobody else write what is ours.
 */
import { execFileSync } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileOf, type TestServer, testServer } from '@tappass/server/test-server';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { agentPackage, hostMachine, until } from './support/host-machine.ts';

const floor = [
	'package tappass.policy',
	'tools.allow contains "gmail.*"',
	'budget.tool_calls_per_minute := 30',
	'budget.tokens_per_day := 1000',
	'filesystem.read_only contains "/usr"',
].join('\n\n');

const agent = `#!/usr/bin/env node
import { readFileSync, writeFileSync } from 'node:fs';
writeFileSync('/workspace/mine', '');
console.log('under', JSON.parse(readFileSync('/run/tappass/keyring.json', 'utf8')).schema);
setInterval(() => undefined, 60_000);
`;

let server: TestServer;
beforeAll(async () => {
	server = await testServer();
	const files = [fileOf('baseline.rego', floor)];
	expect((await server.call('POST', '/v1/policies/apply', { files })).status).toBe(200);
});
afterAll(() => server.close());

test.each(['0077', '0000'])('umask %s: an agent runs, and nothing of the host is writable by others', async (umask) => {
	const made = await server.call('POST', '/v1/sandbox-specs/eu-support-emailer/bootstraps', {
		count: 1,
		project: 'eu-team',
	});
	const machine = await hostMachine({ umask });
	try {
		await agentPackage(machine.directory, 'masked-agent', agent);
		const name = `masked-${umask}`;
		const enrolled = await machine.host('init', name, '--enroll-url', made.body.items[0].url);
		expect(enrolled.code, enrolled.stderr).toBe(0);

		const started = await machine.host('start', name, '--agent', 'masked-agent');

		expect(started.code, started.stderr).toBe(0);
		await until(async () => (await machine.host('logs', name)).stdout.includes('under tappass.keyring/1'));
		const [state, runtime] = [machine.env['TAPPASS_HOST_STATE']!, machine.env['TAPPASS_HOST_RUNTIME']!];
		const mine = join(state, name, 'workspace', 'mine');
		expect(((await stat(mine)).mode & 0o777).toString(8)).toBe('644');
		// A link has no mode of its own, and the workspace is the agent's.
		const writable = ['!', '-type', 'l', '-perm', '/022', '!', '-path', '*/workspace/*', '-print'];
		expect(execFileSync('find', [state, runtime, ...writable], { encoding: 'utf8' })).toBe('');
		const secrets = ['(', '-name', 'credentials.json', '-o', '-name', 'daemon.log', ')', '-perm', '/077'];
		expect(execFileSync('find', [state, ...secrets], { encoding: 'utf8' })).toBe('');
	} finally {
		await machine.close();
	}
});
