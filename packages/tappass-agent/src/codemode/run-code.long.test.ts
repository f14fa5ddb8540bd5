/** Code whose result or call grows without bound as it leaves the interpreter: it takes its time to be ended. */
import { afterEach, expect, test } from 'vitest';
import { makeWorld, type World } from '../test-support/world.ts';
import { runCode } from './run-code.ts';

let world: World;
afterEach(() => world.end());

test.each([
	// Thousands of names of one list: small inside, endless once copied.
	['a value that grows as it leaves', 'x=[0]*1000\ny=[x]*1000\nz=[y]*1000\nz', ['memory', 'cpu_time']],
	['an argument that does', 'x=[0]*1000\ny=[x]*1000\nz=[y]*1000\nlook_up(z)', ['memory', 'cpu_time']],
	['a value that is longer than its bound', '["a" * 1000000] * 40', ['output']],
	['a call with more than its bound', 'look_up("a" * 1000000, *(["b" * 1000000] * 40))', ['output']],
])('ends alone: %s', async (_, code, reasons) => {
	world = await makeWorld({
		interpreter: { host_functions: ['look_up'], memory_mb: 16, cpu_time_ms: 2_000, stack_depth: 40 },
	});
	let calls = 0;

	const result = await runCode(code, { keyring: world.keyring, host_functions: { look_up: () => (calls += 1) } });

	expect(result).toMatchObject({ ok: false, reason: expect.toSatisfy((reason) => reasons.includes(reason)) });
	expect(calls).toBe(0);
});
