import { spawn } from 'node:child_process';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { until } from '../test-support/host-world.ts';
import { systemdNotifier } from './notify.ts';

test('systemd hears that the daemon is ready, alive and stopping, each in a datagram of its own', async () => {
	const directory = await mkdtemp(join(tmpdir(), 'tappass-notify-'));
	const socket = join(directory, 'notify');
	const receiver = spawn('socat', ['-u', `UNIX-RECV:${socket}`, 'STDOUT'], { stdio: ['ignore', 'pipe', 'inherit'] });
	let heard = '';
	receiver.stdout.on('data', (chunk: Buffer) => {
		heard += chunk.toString();
	});
	try {
		await until(() =>
			stat(socket).then(
				() => true,
				() => false,
			),
		);
		const notifier = systemdNotifier({ NOTIFY_SOCKET: socket, WATCHDOG_USEC: '30000000' });
		expect(notifier.everyMs).toBe(10_000);
		notifier.ready();
		await until(() => heard.includes(`READY=1\nMAINPID=${process.pid}`));
		notifier.alive();
		await until(() => heard.includes('WATCHDOG=1'));
		notifier.stopping();
		await notifier.close();
		await until(() => heard.endsWith('STOPPING=1\n'));
	} finally {
		receiver.kill();
		await rm(directory, { recursive: true, force: true });
	}
});

test('without systemd nothing is started', async () => {
	const notifier = systemdNotifier({});

	notifier.ready();
	expect(notifier.everyMs).toBeUndefined();
	await notifier.close();
});

test('a watchdog that is meant for another process is not ours to feed', () => {
	expect(systemdNotifier({ NOTIFY_SOCKET: '/x', WATCHDOG_USEC: '1000000', WATCHDOG_PID: '1' }).everyMs).toBeUndefined();
});
