import { Worker } from 'node:worker_threads';
import type { InterpreterAspect } from '@tappass/core';
import type { Keyring } from '../keyring/keyring.ts';
import { agentLimits } from '../limits.ts';
import type { CodeTask, FromInterpreter, ToInterpreter } from './messages.ts';

/** A function that code may call: positional arguments, then the named ones. */
export type HostFunction = (args: readonly unknown[], kwargs: Readonly<Record<string, unknown>>) => unknown;

export interface CodeOptions {
	readonly keyring: Keyring;
	/** What the agent offers; code sees those that `interpreter.host_functions` of the policy names. */
	readonly host_functions?: Readonly<Record<string, HostFunction>>;
}

/** What code came to. Limits and faults are values: code that a model wrote fails as a matter of course. */
export type CodeResult =
	| { readonly ok: true; readonly value: unknown; readonly printed: string }
	| {
			readonly ok: false;
			/** A limit of the policy, or `error`: the code's own exception. */
			readonly reason: 'not_allowed' | 'memory' | 'cpu_time' | 'stack_depth' | 'host_calls' | 'error';
			readonly message: string;
			readonly printed: string;
	  };

/**
 * Runs Python that the agent wrote, in an interpreter without files, network or imports, bounded by the policy's
 * interpreter Aspect as it stands at the start. Needs the optional peer `@pydantic/monty`.
 * @throws {TapPassError} keyring_expired
 */
export async function runCode(code: string, { keyring, host_functions = {} }: CodeOptions): Promise<CodeResult> {
	keyring.assertFresh();
	const { interpreter } = keyring.compiled_policy;
	const refusal = refusalOf(code, interpreter);
	if (refusal !== undefined) return { ok: false, reason: 'not_allowed', message: refusal, printed: '' };
	const offered = interpreter.host_functions.filter((name) => Object.hasOwn(host_functions, name));
	return new Promise((resolve) => supervise(start(code, interpreter, offered), interpreter, resolve, call));

	async function call(name: string, args: readonly unknown[], kwargs: Readonly<Record<string, unknown>>) {
		// Held to the policy of this moment: a name may have been taken away since the code began.
		keyring.assertFresh();
		if (!offered.includes(name) || !keyring.compiled_policy.interpreter.host_functions.includes(name))
			return { kind: 'exception', type: 'PermissionError', message: `the policy does not allow ${name}` } as const;
		// Python has no undefined, and the interpreter takes it for no answer at all.
		return { kind: 'value', value: (await host_functions[name]!(args, kwargs)) ?? null } as const;
	}
}

function refusalOf(code: string, { memory_mb, cpu_time_ms, stack_depth }: InterpreterAspect): string | undefined {
	if (code.length > agentLimits.codeLengthMax) return `the code has more than ${agentLimits.codeLengthMax} characters`;
	// 0 allows nothing; to the interpreter it could mean no limit.
	if (memory_mb === 0 || cpu_time_ms === 0 || stack_depth === 0) return 'the policy lets the agent run no code';
	return undefined;
}

function start(code: string, interpreter: InterpreterAspect, offered: readonly string[]): Worker {
	const { memory_mb, cpu_time_ms, stack_depth } = interpreter;
	const printed_max = agentLimits.printedLengthMax;
	const task: CodeTask = { code, host_functions: offered, memory_mb, cpu_time_ms, stack_depth, printed_max };
	const file = import.meta.url.endsWith('.ts') ? './interpreter.ts' : './interpreter.js';
	return new Worker(new URL(file, import.meta.url), { workerData: task, env: {}, stdin: false });
}

type Call = (
	name: string,
	args: readonly unknown[],
	kwargs: Readonly<Record<string, unknown>>,
) => Promise<ToInterpreter>;

/** Answers the interpreter's calls, and ends its thread when it is done, fails or does not end by itself. */
function supervise(
	worker: Worker,
	{ cpu_time_ms }: InterpreterAspect,
	resolve: (result: CodeResult) => void,
	call: Call,
): void {
	let calls = 0;
	let left = cpu_time_ms + agentLimits.cpuGraceMs;
	let since = 0;
	let timer: NodeJS.Timeout | undefined;
	const end = (result: CodeResult): void => {
		clearTimeout(timer);
		// Resolved when the thread is gone: nothing of it runs on.
		void worker.terminate().then(() => resolve(result));
	};
	const fail = (reason: (CodeResult & { ok: false })['reason'], message: string): void =>
		end({ ok: false, reason, message, printed: '' });
	// Only while code runs: what a host function takes is not the code's time.
	const resume = (): void => {
		since = performance.now();
		timer = setTimeout(() => fail('cpu_time', 'it did not end by itself and was ended'), left);
	};
	worker.once('online', resume);
	worker.on('error', (error) => fail('error', error.message));
	worker.on('message', async (message: FromInterpreter) => {
		clearTimeout(timer);
		left -= performance.now() - since;
		if (message.kind !== 'call') return end(resultOf(message));
		calls += 1;
		if (calls > agentLimits.hostCallsMax) return fail('host_calls', `more than ${agentLimits.hostCallsMax} calls`);
		const answer = await call(message.name, message.args, message.kwargs).catch(exceptionOf);
		resume();
		try {
			worker.postMessage(answer);
		} catch {
			// What cannot cross a thread, such as a function: the code hears of it instead of waiting for ever.
			worker.postMessage({ kind: 'exception', type: 'TypeError', message: `${message.name} gave no plain value` });
		}
	});
}

function exceptionOf(error: unknown): ToInterpreter {
	return { kind: 'exception', type: 'RuntimeError', message: error instanceof Error ? error.message : 'it failed' };
}

const limitErrors: Readonly<Record<string, 'memory' | 'cpu_time' | 'stack_depth'>> = {
	MemoryError: 'memory',
	TimeoutError: 'cpu_time',
	RecursionError: 'stack_depth',
};

function resultOf(message: Exclude<FromInterpreter, { readonly kind: 'call' }>): CodeResult {
	const { printed } = message;
	if (message.kind === 'done') return { ok: true, value: message.value, printed };
	const reason = Object.hasOwn(limitErrors, message.type) ? limitErrors[message.type]! : 'error';
	return { ok: false, reason, message: `${message.type}: ${message.message}`, printed };
}
