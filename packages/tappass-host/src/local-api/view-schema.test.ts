import { expect, test } from 'vitest';
import type { SandboxView } from '../daemon/view.ts';
import { readSandbox, readView } from './view-schema.ts';

const sandbox: SandboxView = {
	name: 'tenant_a',
	org_id: null,
	sandbox_id: null,
	posture: 'waiting',
	code: null,
	why: null,
	next: null,
	connected: false,
	loaded_version: null,
	wanted_version: null,
	epoch: null,
	keyring_seconds_left: 0,
	runtime: null,
	rings: { kernel: { provider: 'bubblewrap', state: 'active', policy_version: 1 } },
	network_change: null,
	missing: null,
	inactive: [],
	accepted_gaps: [],
	agent: { state: 'none', agent: null, pid: null, since: null, starts: 0, why: null, session_id: null },
	events_waiting: 0,
	certificate_expires_at: null,
};
const view = {
	schema: 'tappass.host.status/1',
	daemon: { pid: 1, uid: 0, started_at: '2026-05-07T10:00:00Z', version: '0.1.0' },
	weaknesses: [],
	sandboxes: [sandbox],
};

test('an older daemon, which does not say all that a command reads, is told from one that is not there', () => {
	const { missing, ...older } = sandbox;
	const refused = expect.objectContaining({ code: 'daemon_unexpected', detail: expect.stringContaining('version') });

	expect(missing).toBeNull();
	expect(() => readView({ ...view, sandboxes: [older] })).toThrow(refused);
	expect(() => readView({ ...view, schema: 'tappass.host.status/2' })).toThrow(refused);
	expect(() => readSandbox(older)).toThrow(refused);
	expect(() => readSandbox(undefined)).toThrow(refused);
});

test('a newer daemon may say more', () => {
	const newer = { ...view, sandboxes: [{ ...sandbox, mood: 'good' }] };

	expect(readView(newer)).toEqual(newer);
});
