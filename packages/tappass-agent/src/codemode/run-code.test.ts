import { afterEach, describe, expect, test } from 'vitest';
import { makeWorld, type World } from '../test-support/world.ts';
import { runCode } from './run-code.ts';

let world: World;
afterEach(() => world.end());
const bounds = { host_functions: ['look_up'], memory_mb: 4, cpu_time_ms: 300, stack_depth: 40 };
const under = async (more: Partial<typeof bounds> = {}): Promise<void> => {
	world = await makeWorld({ interpreter: { ...bounds, ...more } });
};

describe('code that would take the agent with it', () => {
	test.each([
		['a chain that exhausts the stack of the compiler', `a${'.b'.repeat(200_000)}`, ['stack_depth', 'error']],
		['a sum that exhausts it', `1${'+1'.repeat(200_000)}`, ['stack_depth', 'error']],
	])('ends alone: %s', async (_, code, reasons) => {
		await under({ memory_mb: 16, cpu_time_ms: 2_000 });
		let calls = 0;

		const result = await runCode(code, { keyring: world.keyring, host_functions: { look_up: () => (calls += 1) } });

		expect(result).toMatchObject({ ok: false, reason: expect.toSatisfy((reason) => reasons.includes(reason)) });
		expect(calls).toBe(0);
	});

	test('prints what there is room for, and no more', async () => {
		await under({ cpu_time_ms: 60_000 });

		const result = await runCode('for i in range(3000): print("a" * 1000)', { keyring: world.keyring });

		expect([result.ok, result.printed.length]).toEqual([true, 1_048_576]);
	});

	test('hears of a host function whose answer cannot be handed over, and of one call too many', async () => {
		await under({ cpu_time_ms: 60_000 });
		const keyring = world.keyring;

		expect(await runCode('look_up()', { keyring, host_functions: { look_up: () => () => 1 } })).toMatchObject({
			ok: false,
			reason: 'error',
			message: expect.stringContaining('TypeError'),
		});
		expect(await runCode('while True: look_up()', { keyring, host_functions: { look_up: () => 1 } })).toMatchObject({
			ok: false,
			reason: 'host_calls',
		});
	});

	test('writes to no prototype of the agent', async () => {
		await under();
		const seen: unknown[] = [];
		const host_functions = { look_up: (args: readonly unknown[]) => void seen.push(args[0]) };

		const result = await runCode('look_up({"__proto__": {"admin": 1}})\n{"__proto__": {"admin": 1}}', {
			keyring: world.keyring,
			host_functions,
		});

		expect(result).toMatchObject({ ok: true });
		for (const value of [seen[0], (result as { readonly value: unknown }).value]) {
			expect((value as Record<string, unknown>)['admin']).toBeUndefined();
			expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
		}
		expect(({} as Record<string, unknown>)['admin']).toBeUndefined();
	});
});

describe('each of the four limits', () => {
	test.each([
		['memory', 'x = []\nwhile True: x.append("a" * 1000)'],
		['cpu_time', 'while True: pass'],
		['stack_depth', 'def f(n): return f(n + 1)\nf(0)'],
	])('%s ends the code', async (reason, code) => {
		await under(reason === 'memory' ? { cpu_time_ms: 60_000 } : {});

		expect(await runCode(code, { keyring: world.keyring })).toMatchObject({ ok: false, reason });
	});

	test('a host function that the policy does not name is not there, though the agent offers it', async () => {
		await under();
		let calls = 0;
		const host_functions = { erase: () => (calls += 1) };

		const result = await runCode('erase()', { keyring: world.keyring, host_functions });

		expect(result).toMatchObject({ ok: false, reason: 'error', message: expect.stringContaining('NameError') });
		expect(calls).toBe(0);
	});
});

test.each(['memory_mb', 'cpu_time_ms', 'stack_depth'])('%s of 0 runs nothing', async (name) => {
	await under({ [name]: 0 });

	expect(await runCode('1', { keyring: world.keyring })).toMatchObject({ ok: false, reason: 'not_allowed' });
});

test('an expired keyring runs nothing', async () => {
	await under();
	world.clock.wall_ms += 301_000;

	await expect(runCode('1', { keyring: world.keyring })).rejects.toMatchObject({ code: 'keyring_expired' });
});

test.each([
	'open("/etc/passwd").read()',
	'import os\nos.system("id")',
	'import socket',
	'import pathlib\npathlib.Path("/etc/passwd").read_text()',
	'__import__("subprocess")',
	'eval("1")',
	'().__class__.__base__.__subclasses__()',
	'print.__globals__',
])('the machine is out of reach: %s', async (code) => {
	await under();

	expect(await runCode(code, { keyring: world.keyring })).toMatchObject({ ok: false, reason: 'error' });
});

test('calls what the policy names, with plain values, and gives value and prints', async () => {
	await under();
	const seen: unknown[] = [];
	const host_functions = {
		look_up: async (...call: unknown[]) => {
			seen.push(call);
			return { n: 41 };
		},
	};

	const result = await runCode('print("hi")\nx = look_up("a", by={"k": [1]})\n{"n": x["n"] + 1}', {
		keyring: world.keyring,
		host_functions,
	});

	expect(result).toEqual({ ok: true, value: { n: 42 }, printed: 'hi\n' });
	expect(seen).toEqual([[['a'], { by: { k: [1] } }]]);
});

test('a call is refused once the policy has taken the name away', async () => {
	await under();
	const host_functions = { look_up: () => world.publish({ interpreter: { ...bounds, host_functions: [] } }, 2) };

	const result = await runCode('look_up()\nlook_up()', { keyring: world.keyring, host_functions });

	expect(result).toMatchObject({ ok: false, message: expect.stringContaining('PermissionError') });
});
