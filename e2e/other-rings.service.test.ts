/** Runtimes that name another program than ours as kernel ring, where nothing can be launched: each start says why, and what next. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { until } from './support/host-machine.ts';
import { type OtherRing, type OtherRingOptions, otherRing } from './support/other-ring.ts';

let ring: OtherRing;
afterEach(() => ring.close());

const agent = '#!/usr/bin/env node\nsetInterval(() => undefined, 60_000);\n';
const withAccepted = (kernel: string): OtherRingOptions => ({
	kernel,
	agent,
	acceptedGaps: [{ provider: kernel, aspect: 'network', value: 'allow_domains', reason: 'names of our own zone' }],
});

/** Something that answers `--version`, and nothing else. */
async function place(program: string, version: string): Promise<void> {
	await writeFile(join(ring.programs, program), `#!/bin/sh\necho ${version}\n`, { mode: 0o755 });
}

async function holdRefused(code: string, ...told: readonly string[]): Promise<void> {
	const refused = await ring.start();
	expect(refused.code).not.toBe(0);
	expect(refused.stderr).toContain(code);
	for (const text of told) expect(refused.stderr).toContain(text);
	expect((await ring.machine.sandbox(ring.name)).agent.pid).toBe(null);
	expect(await ring.agentsLeft()).toBe(0);
}

async function holdTold(...told: readonly string[]): Promise<void> {
	await until(async () => (await ring.told()).status.includes(told[0]!));
	const { doctor, status } = await ring.told();
	for (const text of told) {
		expect(status).toContain(text);
		expect(doctor).toContain(text);
	}
}

test.each([
	['nono', 'nono is not in PATH', 'cargo install nono-cli@0.81.0'],
	['openshell', 'openshell is not in PATH', 'install it as https://github.com/NVIDIA/OpenShell says'],
	['sandbox-runtime', 'srt is not in PATH', 'npm install --global @anthropic-ai/sandbox-runtime@0.0.83'],
])(
	'%s that is missing: start refuses with the next step, and status and doctor say it before',
	async (kernel, why, next) => {
		ring = await otherRing(withAccepted(kernel));
		expect(await ring.machine.host('daemon', '--background')).toMatchObject({ code: 0 });

		await holdTold(why, next);
		await holdRefused('program_missing', why, next);
	},
);

test('nono in another version: start refuses, status and doctor say so until the right one is there', async () => {
	ring = await otherRing(withAccepted('nono'));
	await place('nono', 'nono 0.74.0');

	await holdRefused('program_missing', 'made for nono 0.81', 'says "nono 0.74.0"', 'cargo install nono-cli@0.81.0');
	await holdTold('says "nono 0.74.0"', 'cargo install nono-cli@0.81.0');
	const [sandbox] = JSON.parse((await ring.machine.host('status', '--json')).stdout).sandboxes;
	expect(sandbox).toMatchObject({
		missing: { next: 'cargo install nono-cli@0.81.0' },
		rings: { kernel: { provider: 'nono', state: 'failed' } },
	});

	await place('nono', 'nono 0.81.0');
	await until(async () => (await ring.told()).doctor.includes('nono can be started'));
	expect((await ring.told()).status).not.toContain('no agent can be started');
	await rm(join(ring.programs, 'nono'));
	await holdTold('nono is not in PATH');
});

test('a rule that nono cannot hold, and nobody accepted, is refused by name', async () => {
	ring = await otherRing({ kernel: 'nono', agent });
	await place('nono', 'nono 0.81.0');

	await holdRefused('runtime_unenforced', 'nono network allow_domains: an allowed name may lead to the machine itself');
});

test('a denied path in a granted directory is refused by name, whatever else is accepted', async () => {
	ring = await otherRing(withAccepted('nono'));
	await place('nono', 'nono 0.81.0');
	await ring.apply(['first.example'], 'filesystem.deny_paths contains "/usr/share/secret"');

	await holdRefused('runtime_unenforced', '/usr/share/secret in it is denied');
});

test.each(['nono', 'bubblewrap'])(
	'%s shows an agent of the daemon’s own user nothing that holds the keys of the host',
	async (kernel) => {
		const acceptedGaps = kernel === 'nono' ? withAccepted(kernel).acceptedGaps! : [];
		ring = await otherRing({ kernel, agent, acceptedGaps, ...(process.getuid!() === 0 && { uid: 65_534 }) });
		await place('nono', 'nono 0.81.0');
		await ring.apply(['first.example'], `filesystem.read_only contains "${ring.machine.directory}/state"`);

		await holdRefused('runtime_unenforced', 'where the daemon keeps its keys');
	},
);
