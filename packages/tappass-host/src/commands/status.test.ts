import { createTerminal } from '@tappass/cli-kit';
import { expect, test } from 'vitest';
import type { DaemonView, SandboxView } from '../daemon/view.ts';
import type { CommandContext } from './context.ts';
import { watchStatus } from './status.ts';

const sandbox = {
	name: 'tenant_a',
	posture: 'fresh',
	code: null,
	connected: true,
	loaded_version: 1,
	wanted_version: 1,
	keyring_seconds_left: 290,
	agent: { state: 'running' },
} as SandboxView;

async function watched(json: boolean, sandboxes: readonly SandboxView[], name?: string): Promise<readonly string[]> {
	let out = '';
	const stdout = { isTTY: false, write: (text: string) => (out += text) };
	const terminal = createTerminal({ name: 'tappass-host', json, stdout: stdout as never });
	const watch = async function* (): AsyncGenerator<DaemonView> {
		for (const one of sandboxes)
			yield { schema: 'tappass.host.status/1', daemon: {}, weaknesses: [], sandboxes: [one] } as unknown as DaemonView;
	};
	await watchStatus({ terminal, daemon: { watch } } as unknown as CommandContext, name);
	return out.trimEnd().split('\n');
}

test('a line is told when it says something new; what is left of a keyring is in none', async () => {
	const seconds = [290, 289, 288].map((keyring_seconds_left) => ({ ...sandbox, keyring_seconds_left }));
	const lines = await watched(false, [...seconds, { ...sandbox, posture: 'stale' }]);

	expect(lines.map((line) => line.replace(/^\S+ {2}/, ''))).toEqual([
		'tenant_a  policy 1  fresh  agent running  connected',
		'tenant_a  policy 1  stale  agent running  connected',
	]);
	expect(await watched(true, seconds)).toHaveLength(3);
});

test('a sandbox that is not there is refused', async () => {
	await expect(watched(false, [sandbox], 'nope')).rejects.toMatchObject({ code: 'not_found' });
});
