/**
 * The process that code runs in. A process, since a thread would share its end: code can exhaust the native stack of the
 * interpreter's compiler, or give a value that grows without bound on its way out, and neither can be stopped from inside.
 */
import { once } from 'node:events';
import { serialize } from 'node:v8';
import type { MontySnapshot } from '@pydantic/monty';
import type { CodeTask, FromInterpreter, ToInterpreter } from './messages.ts';

type Interpreter = typeof import('@pydantic/monty');

class OutputError extends Error {
	override readonly name = 'OutputError';
}

// Whoever started it is gone: nobody is left to answer.
process.once('disconnect', () => process.exit(1));
const monty = await import('@pydantic/monty').catch(() => undefined);
if (monty === undefined) await tell({ kind: 'missing' });
else {
	const asked = once(process, 'message');
	await tell({ kind: 'ready' });
	const [task] = (await asked) as [CodeTask];
	await run(monty, task);
}
process.disconnect();

async function run(monty: Interpreter, task: CodeTask): Promise<void> {
	let printed = '';
	const print = (text: string): undefined => {
		printed += text.slice(0, task.printed_max - printed.length);
	};
	try {
		const value = await evaluate(monty, task, print);
		if (serialize(value).byteLength > task.value_bytes_max)
			throw new OutputError(`the value has more than ${task.value_bytes_max} bytes`);
		await tell({ kind: 'done', value, printed });
	} catch (error) {
		const { typeName: type, message } =
			error instanceof monty.MontyError
				? error.exception
				: { typeName: error instanceof OutputError ? error.name : 'InternalError', message: String(error) };
		await tell({ kind: 'failed', type, message, printed });
	}
}

async function evaluate(
	{ Monty, MontyComplete, MontySnapshot }: Interpreter,
	{ code, host_functions, memory_mb, cpu_time_ms, stack_depth, value_bytes_max }: CodeTask,
	print: (text: string) => undefined,
): Promise<unknown> {
	let step = new Monty(code).start({
		limits: {
			maxMemory: memory_mb * 1_048_576,
			maxDurationSecs: cpu_time_ms / 1_000,
			maxRecursionDepth: stack_depth,
		},
		// Anything but undefined would be taken for a failure.
		printCallback: (_stream: string, text: string): undefined => print(text),
	});
	while (!(step instanceof MontyComplete)) {
		// A name that is not known is an error of the code; the names of host functions come as calls.
		if (!(step instanceof MontySnapshot)) step = step.resume();
		else if (host_functions.includes(step.functionName)) step = step.resume(await answerTo(step, value_bytes_max));
		else {
			const message = `name '${step.functionName}' is not defined`;
			step = step.resume({ exception: { type: 'NameError', message } });
		}
	}
	return plain(step.output);
}

async function answerTo({ functionName, args, kwargs }: MontySnapshot, bytesMax: number) {
	const given = [args.map(plain), plain(kwargs) as Readonly<Record<string, unknown>>] as const;
	if (serialize(given).byteLength > bytesMax) throw new OutputError(`a call with more than ${bytesMax} bytes`);
	const answered = once(process, 'message');
	await tell({ kind: 'call', name: functionName, args: given[0], kwargs: given[1] });
	const [answer] = (await answered) as [ToInterpreter];
	if (answer.kind === 'value') return { returnValue: answer.value };
	return { exception: { type: answer.type, message: answer.message } };
}

/** Dictionaries come as `Map`; host functions get plain objects, without a prototype to write to. */
function plain(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(plain);
	if (value instanceof Map) return object([...value].map(([key, item]) => [String(key), item]));
	const ours =
		typeof value === 'object' && value !== null && [Object.prototype, null].includes(Object.getPrototypeOf(value));
	return ours ? object(Object.entries(value)) : value;
}
function object(entries: readonly (readonly [string, unknown])[]): Readonly<Record<string, unknown>> {
	// fromEntries defines, so that a key named __proto__ is a key like any other.
	return Object.fromEntries(entries.map(([key, item]) => [key, plain(item)]));
}

/** Resolved once it is written: the process may end right after. */
function tell(message: FromInterpreter): Promise<void> {
	return new Promise((resolve, reject) =>
		process.send!(message, undefined, {}, (error) => (error === null ? resolve() : reject(error))),
	);
}
