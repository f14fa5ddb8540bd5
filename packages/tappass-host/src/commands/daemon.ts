import { readFile } from 'node:fs/promises';
import { note } from '@tappass/cli-kit';
import { TapPassError } from '@tappass/core';
import { pino } from 'pino';
import { systemClock } from '../clock.ts';
import { startDaemon } from '../daemon/daemon.ts';
import { systemdNotifier } from '../daemon/notify.ts';
import { thisKernelRing } from '../daemon/this-kernel-ring.ts';
import { systemdUnit } from '../daemon/unit.ts';
import { exportSpans } from '../egress/export-spans.ts';
import { ownerBounds } from '../launch/bounds.ts';
import { closeInherited } from '../launch/inherited.ts';
import type { CommandContext } from './context.ts';
import { daemonNodeOptions, startInBackground, untilItAnswers } from './ensure-daemon.ts';

export interface DaemonCommandOptions {
	readonly printUnit?: boolean;
	readonly background?: boolean;
	readonly group?: string;
	readonly version: string;
}

/**
 * Runs the daemon until it is told to end; beside a running one it says so and ends well.
 * @throws {TapPassError} usage, file_unwritable
 */
export async function daemon(context: CommandContext, options: DaemonCommandOptions): Promise<void> {
	const { env, files, places, program, terminal } = context;
	if (options.printUnit === true) {
		const unit = {
			node: process.execPath,
			options: daemonNodeOptions,
			program,
			...(options.group !== undefined && { group: options.group }),
		};
		terminal.stdout.write(systemdUnit(unit));
		return;
	}
	const gid = options.group === undefined ? undefined : await groupId(options.group);
	if (options.background === true) {
		const { log, pid } = await startInBackground(context);
		await untilItAnswers(context, log);
		note(terminal, 'note', `the daemon runs (process ${pid}) and logs to ${log}`);
		return;
	}
	// Before it starts anything: what its shell had open is nobody's business here.
	closeInherited();
	const log = pino(
		{
			level: env['TAPPASS_LOG_LEVEL'] ?? 'info',
			timestamp: () => `,"ts":"${new Date().toISOString()}"`,
			messageKey: 'msg',
			base: null,
			formatters: { level: (level) => ({ level }) },
		},
		pino.destination({ fd: 2, sync: true }),
	);
	const collector = env['OTEL_EXPORTER_OTLP_ENDPOINT'];
	const spans = collector === undefined || collector === '' ? undefined : exportSpans(collector);
	try {
		const running = await startDaemon({
			places,
			files,
			clock: systemClock(Number(env['TAPPASS_HOST_CLOCK_SPEED'] ?? 1)),
			ring: thisKernelRing(env['PATH'] ?? '', spans?.add, ownerBounds(env)),
			log,
			notifier: systemdNotifier(env),
			path: env['PATH'] ?? '',
			version: options.version,
			...(gid !== undefined && { gid }),
		});
		await untilTold();
		await running.close();
		await spans?.close();
		// The lock is given back: whatever might still be under way must not go on beside the next daemon.
		process.exit(0);
	} catch (error) {
		if (!(error instanceof TapPassError) || error.code !== 'already_running') throw error;
		note(terminal, 'note', `a daemon runs already, on ${places.socket}; this one is not needed`);
	}
}

function untilTold(): Promise<void> {
	return new Promise((resolve) => {
		for (const signal of ['SIGINT', 'SIGTERM'] as const) {
			process.removeAllListeners(signal);
			process.on(signal, () => resolve());
		}
	});
}

async function groupId(name: string): Promise<number> {
	const groups = await readFile('/etc/group', 'utf8');
	const line = groups.split('\n').find((one) => one.startsWith(`${name}:`));
	const id = Number(line?.split(':')[2] ?? Number.NaN);
	if (Number.isInteger(id)) return id;
	throw new TapPassError('usage', { detail: `no group ${name} on this machine`, hint: `groupadd ${name}` });
}
