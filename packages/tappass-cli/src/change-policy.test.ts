import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTerminal } from '@tappass/cli-kit';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { changePolicy } from './change-policy.ts';

let directory: string;
let server: Server;
beforeEach(async () => {
	directory = mkdtempSync(join(tmpdir(), 'tappass-change-'));
	server = createServer((request, response) => {
		if (request.url === '/v1/auth/token')
			return response.end(JSON.stringify({ token: 't', expires_at: new Date(Date.now() + 900_000).toISOString() }));
		if (request.url === '/v1/policies/apply') return response.end(JSON.stringify(outcome));
		return response.destroy();
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	vi.stubEnv('XDG_CACHE_HOME', join(directory, 'cache'));
	vi.stubEnv('XDG_CONFIG_HOME', join(directory, 'config'));
	// A fixture: no server knows it.
	vi.stubEnv('TAPPASS_API_KEY', `tappass_sk_fixture_${'0'.repeat(64)}`);
});
afterEach(() => {
	vi.unstubAllEnvs();
	server.close();
	rmSync(directory, { recursive: true, force: true });
});

const place = { project: null, agent: null };
const outcome = {
	dry_run: false,
	revision: 7,
	applied: [{ file_key: 'a.rego', change: 'added' }],
	created_project: null,
	created_agent: null,
	effects: [
		{
			spec: 'steward',
			project: 'p',
			agent: 'a',
			sandbox_count: 1,
			sandboxes: [],
			changes: [],
			summary: {},
			narrowed: [],
		},
	],
	warnings: [],
	stale: 1,
	signed: 1,
	failed: 0,
};

test('a change that was made is told as made when its loading can no longer be watched', async () => {
	const flags = {
		server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
		'dry-run': false,
		'force-narrow': false,
		wait: true,
		timeout: 5,
		full: false,
	};
	const change = { schema: 'tappass.policy.apply/1', route: '/v1/policies/apply', doing: 'applying', place, body: {} };
	const stream = { isTTY: false, write: () => true };
	const terminal = createTerminal({ name: 'tappass', stdout: stream as never, stderr: stream as never });

	await expect(changePolicy(terminal, flags, change)).rejects.toMatchObject({
		code: 'server_unreachable',
		detail: expect.stringMatching(/^revision 7 is made; /),
		hint: 'tappass sandbox list shows what each host has loaded',
		fields: { revision: 7 },
	});
});
