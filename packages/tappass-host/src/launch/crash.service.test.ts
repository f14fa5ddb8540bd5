/** A daemon that is killed: nothing of its sandboxes goes on, and the next one finds what it left. Runs dist, in a process of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { limits } from '../limits.ts';
import { policyOf, startTestEgress } from '../test-support/egress.ts';
import { makePlace, type SandboxPlace, sandboxOptions } from '../test-support/sandbox.ts';
import { isAlive, waitGone } from './process-identity.ts';
import { type RunRecord, sweepRuns } from './run-record.ts';

let place: SandboxPlace;
beforeEach(() => {
	place = makePlace();
});
afterEach(() => place.remove());

test.each([1, 2, 3, 4, 5])(
	'kill -9 as soon as the agent runs, round %i: its network ends with the daemon, and the next daemon ends the rest',
	async () => {
		const egress = await startTestEgress({ first: policyOf([]) });
		const { onExit: _, ...options } = sandboxOptions(place, 'echo $$ >started; sleep 600', {
			egressSocket: egress.socketPath,
			stdio: ['ignore', 'ignore', 'ignore'],
		});
		const script = join(place.folder, 'daemon.mjs');
		const index = join(import.meta.dirname, '../../dist/launch/index.js');
		writeFileSync(
			script,
			`import { launchSandbox } from ${JSON.stringify(index)};
await launchSandbox({ ...${JSON.stringify(options)}, onExit: () => undefined });
console.log('ready');
setInterval(() => undefined, 1000);`,
		);
		const daemon = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
		await once(daemon.stdout, 'data');
		const record = JSON.parse(readFileSync(join(place.run, 'run.json'), 'utf8')) as RunRecord;
		daemon.kill('SIGKILL');
		await once(daemon, 'exit');

		const [outer, , relay] = record.processes;
		expect(await waitGone([outer!, relay!], limits.sandboxKillMs)).toBe(true);
		// The first process inside goes with them, unless it had not yet asked the kernel for that.
		expect(await sweepRuns(dirname(place.run))).toEqual([{ name: 'test', ended: expect.any(Number) }]);
		expect(record.processes.filter(isAlive)).toEqual([]);
		expect(existsSync(join(place.run, 'run.json'))).toBe(false);
		await egress.close();
	},
);
