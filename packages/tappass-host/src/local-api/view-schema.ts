import { type ErrorCode, parseWith, TapPassError } from '@tappass/core';
import { z } from 'zod';
import type { DaemonView, SandboxView } from '../daemon/view.ts';

// Loose: a newer daemon says more. What a command reads must be there, or it would fall over what an older one does not say.
const text = z.string().nullable();
const count = z.number().nullable();
const sandbox: z.ZodType<SandboxView> = z.looseObject({
	name: z.string(),
	org_id: text,
	sandbox_id: text,
	posture: z.enum(['waiting', 'fresh', 'stale', 'quarantined', 'denied', 'revoked', 'locked', 'failed']),
	code: text as z.ZodType<ErrorCode | null>,
	why: text,
	next: text,
	connected: z.boolean(),
	loaded_version: count,
	wanted_version: count,
	epoch: count,
	keyring_seconds_left: z.number(),
	runtime: text,
	rings: z.record(
		z.string(),
		z.looseObject({ provider: text, state: z.string(), policy_version: z.number() }),
	) as unknown as z.ZodType<SandboxView['rings']>,
	network_change: z.enum(['live', 'restart']).nullable(),
	missing: z.looseObject({ what: z.string(), next: text }).nullable(),
	inactive: z.array(z.looseObject({ position: z.string(), why: z.string() })),
	accepted_gaps: z.array(z.looseObject({ rule: z.string(), reason: z.string() })),
	agent: z.looseObject({
		state: z.enum(['none', 'starting', 'running', 'restarting', 'held', 'failing', 'finished', 'stopped']),
		agent: text,
		pid: count,
		since: text,
		starts: z.number(),
		why: text,
		session_id: text,
	}),
	events_waiting: z.number(),
	certificate_expires_at: text,
});
const view = z.looseObject({
	schema: z.literal('tappass.host.status/1'),
	daemon: z.looseObject({ pid: z.int(), uid: z.int(), started_at: z.string(), version: z.string() }),
	weaknesses: z.array(z.looseObject({ id: z.string(), what: z.string(), why: z.string(), blocking: z.boolean() })),
	sandboxes: z.array(sandbox),
}) as unknown as z.ZodType<DaemonView>;

/** What a daemon says of itself. @throws {TapPassError} daemon_unexpected for one of another version */
export function readView(value: unknown): DaemonView {
	return read(view, value);
}

/** What a daemon says of one sandbox. @throws {TapPassError} daemon_unexpected for one of another version */
export function readSandbox(value: unknown): SandboxView {
	return read(sandbox, value);
}

function read<T>(shape: z.ZodType<T>, value: unknown): T {
	try {
		return parseWith(shape, value, 'the answer');
	} catch (cause) {
		throw new TapPassError('daemon_unexpected', {
			detail: 'it is of another version than this command',
			hint: 'start it anew: systemctl restart tappass-host, or end it and run tappass-host daemon; agents come back with it',
			cause,
		});
	}
}
