import { type ChildProcess, fork } from 'node:child_process';
import { type InterpreterAspect, TapPassError } from '@tappass/core';
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
			readonly reason: Failure;
			readonly message: string;
			readonly printed: string;
	  };

/** A limit of the policy or of this package, or `error`: the code's own exception. */
type Failure = 'not_allowed' | 'memory' | 'cpu_time' | 'stack_depth' | 'host_calls' | 'output' | 'error';

/**
 * Runs Python that the agent wrote, in an interpreter without files, network or imports, bounded by the policy's
 * interpreter Aspect as it stands at the start. It runs in a process of its own, which takes it along when it crashes.
 * Needs the optional peer `@pydantic/monty`.
 * @throws {TapPassError} keyring_expired, program_missing
 */
export async function runCode(code: string, { keyring, host_functions = {} }: CodeOptions): Promise<CodeResult> {
	keyring.assertFresh();
	const { interpreter } = keyring.compiled_policy;
	const refusal = refusalOf(code, interpreter);
	if (refusal !== undefined) return { ok: false, reason: 'not_allowed', message: refusal, printed: '' };
	const offered = interpreter.host_functions.filter((name) => Object.hasOwn(host_functions, name));
	const { memory_mb, cpu_time_ms, stack_depth } = interpreter;
	const { printedLengthMax: printed_max, valueBytesMax: value_bytes_max } = agentLimits;
	const bounds = { memory_mb, cpu_time_ms, stack_depth, printed_max, value_bytes_max };
	const task: CodeTask = { kind: 'task', code, host_functions: offered, ...bounds };
	const result = await supervise({ child: start(interpreter), task, call });
	if (result !== 'missing') return result;
	const hint = 'npm install @pydantic/monty@0.0.18';
	throw new TapPassError('program_missing', { detail: '@pydantic/monty runs the code', hint });

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

function start(interpreter: InterpreterAspect): ChildProcess {
	const file = import.meta.url.endsWith('.ts') ? './interpreter.ts' : './interpreter.js';
	return fork(new URL(file, import.meta.url), {
		// What the interpreter holds counts against its own limit; this bounds what becomes of it as JavaScript values.
		execArgv: [`--max-old-space-size=${agentLimits.interpreterHeapMb + 2 * interpreter.memory_mb}`],
		env: {},
		serialization: 'advanced',
		stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
	});
}

type Call = (
	name: string,
	args: readonly unknown[],
	kwargs: Readonly<Record<string, unknown>>,
) => Promise<ToInterpreter>;

interface Supervision {
	readonly child: ChildProcess;
	readonly task: CodeTask;
	readonly call: Call;
}

/** Answers the interpreter's calls; resolves when its process is gone, so that nothing of it runs on. */
function supervise({ child, task, call }: Supervision): Promise<CodeResult | 'missing'> {
	let calls = 0;
	let left = task.cpu_time_ms + agentLimits.cpuGraceMs;
	let since = performance.now();
	let result: CodeResult | 'missing' | undefined;
	const end = (ended: CodeResult | 'missing'): void => {
		clearTimeout(timer);
		result ??= ended;
		child.kill('SIGKILL');
	};
	const fail = (reason: Failure, message: string): void => end({ ok: false, reason, message, printed: '' });
	let timer = setTimeout(() => fail('error', 'the interpreter did not start'), agentLimits.interpreterStartMs);
	// Only while code runs: what a host function takes is not the code's time.
	const say = (message: CodeTask | ToInterpreter): void => {
		if (result !== undefined) return;
		since = performance.now();
		timer = setTimeout(() => fail('cpu_time', 'it did not end by itself and was ended'), left);
		child.send(message, (error) => {
			if (error !== null) fail('error', 'the interpreter does not listen');
		});
	};
	child.on('message', async (message: FromInterpreter) => {
		clearTimeout(timer);
		if (result !== undefined) return;
		if (message.kind === 'missing') return end('missing');
		if (message.kind === 'ready') return say(task);
		left -= performance.now() - since;
		if (message.kind !== 'call') return end(resultOf(message));
		calls += 1;
		if (calls > agentLimits.hostCallsMax) return fail('host_calls', `more than ${agentLimits.hostCallsMax} calls`);
		const answer = await call(message.name, message.args, message.kwargs).catch(exceptionOf);
		try {
			say(answer);
		} catch {
			// What cannot leave the process, such as a function: the code hears of it instead of waiting for ever.
			clearTimeout(timer);
			say({ kind: 'exception', type: 'TypeError', message: `${message.name} gave no plain value` });
		}
	});
	return new Promise((resolve) => {
		child.once('error', (error) => {
			// It was never started, so it will never end.
			end({ ok: false, reason: 'error', message: `the interpreter: ${error.message}`, printed: '' });
			if (child.pid === undefined) resolve(result!);
		});
		child.once('close', (_, signal) => {
			clearTimeout(timer);
			resolve(result ?? crashed(signal));
		});
	});
}

/** The interpreter ended without a word: V8 aborts when its heap is full, and a stack that is exhausted is a fault. */
function crashed(signal: NodeJS.Signals | null): CodeResult {
	const reason = signal === 'SIGABRT' ? 'memory' : signal === 'SIGSEGV' ? 'stack_depth' : 'error';
	return { ok: false, reason, message: `the interpreter ended by ${signal ?? 'itself'}`, printed: '' };
}

function exceptionOf(error: unknown): ToInterpreter {
	return { kind: 'exception', type: 'RuntimeError', message: error instanceof Error ? error.message : 'it failed' };
}

const limitErrors: Readonly<Record<string, Failure>> = {
	MemoryError: 'memory',
	TimeoutError: 'cpu_time',
	RecursionError: 'stack_depth',
	OutputError: 'output',
};

function resultOf(message: Extract<FromInterpreter, { readonly kind: 'done' | 'failed' }>): CodeResult {
	const { printed } = message;
	if (message.kind === 'done') return { ok: true, value: message.value, printed };
	const reason = Object.hasOwn(limitErrors, message.type) ? limitErrors[message.type]! : 'error';
	return { ok: false, reason, message: `${message.type}: ${message.message}`, printed };
}
