import { expect, test } from 'vitest';
import type { Clock } from '../clock.ts';
import type { SandboxExit } from '../launch/types.ts';
import { limits } from '../limits.ts';
import type { RunRequest } from '../state/documents.ts';
import { AgentRun } from './agent-run.ts';

const run = {
	schema: 'tappass.host-run/1',
	agent: 'node',
	program: ['node'],
	args: [],
	wanted: true,
} as unknown as RunRequest;

/** A clock that stands until it is moved. */
class StillClock implements Clock {
	#ms = 0;
	#waiting: { readonly at: number; readonly fn: () => void }[] = [];
	readonly now = () => ({ wall_ms: this.#ms, monotonic_ms: this.#ms });
	readonly after = (ms: number, fn: () => void) => {
		const one = { at: this.#ms + ms, fn };
		this.#waiting.push(one);
		return () => {
			this.#waiting = this.#waiting.filter((each) => each !== one);
		};
	};
	advance(ms: number): void {
		this.#ms += ms;
		const due = this.#waiting.filter(({ at }) => at <= this.#ms);
		this.#waiting = this.#waiting.filter((each) => !due.includes(each));
		for (const { fn } of due) fn();
	}
}

test('an agent that ends a moment after each start is not said to run without a word', async () => {
	const clock = new StillClock();
	let exit: (how: SandboxExit) => void = () => undefined;
	const agent = new AgentRun({
		clock,
		launch: async (_, onExit) => {
			exit = onExit;
			const sandbox = { pid: 7, kill: async () => undefined } as never;
			return { sandbox, session_id: 'ses_1', release: async () => undefined };
		},
		persist: async () => undefined,
		changed: () => undefined,
	});
	const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

	await agent.start(run);
	expect(agent.view()).toMatchObject({ state: 'running', why: null });
	exit({ code: 1, signal: null } as SandboxExit);
	await settled();
	expect(agent.view().state).toBe('failing');
	clock.advance(limits.restartFirstMs);
	await settled();
	expect(agent.view()).toMatchObject({
		state: 'running',
		starts: 2,
		why: 'it ended with 1, and came back; ended 1 × without a minute in between',
	});

	clock.advance(limits.restartForgiveMs + 1);
	expect(agent.view()).toMatchObject({ state: 'running', why: null });
});
