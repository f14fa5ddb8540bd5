/** The thread that code runs in: `Monty` blocks the event loop of whoever calls it. */
import { once } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';
import { Monty, MontyComplete, MontyError, MontySnapshot } from '@pydantic/monty';
import type { CodeTask, FromInterpreter, ToInterpreter } from './messages.ts';

const port = parentPort!;
const task = workerData as CodeTask;
let printed = '';
try {
	tell({ kind: 'done', value: await evaluate(task), printed });
} catch (error) {
	const { typeName: type, message } =
		error instanceof MontyError ? error.exception : { typeName: 'InternalError', message: String(error) };
	tell({ kind: 'failed', type, message, printed });
}

async function evaluate({ code, host_functions, memory_mb, cpu_time_ms, stack_depth }: CodeTask): Promise<unknown> {
	let step = new Monty(code).start({
		limits: {
			maxMemory: memory_mb * 1_048_576,
			maxDurationSecs: cpu_time_ms / 1_000,
			maxRecursionDepth: stack_depth,
		},
		// Anything but undefined would be taken for a failure.
		printCallback: (_stream: string, text: string): undefined => {
			printed = (printed + text).slice(0, task.printed_max);
		},
	});
	while (!(step instanceof MontyComplete)) {
		// A name that is not known is an error of the code; the names of host functions come as calls.
		if (!(step instanceof MontySnapshot)) step = step.resume();
		else if (host_functions.includes(step.functionName)) step = step.resume(await answerTo(step));
		else {
			const message = `name '${step.functionName}' is not defined`;
			step = step.resume({ exception: { type: 'NameError', message } });
		}
	}
	return plain(step.output);
}

async function answerTo({ functionName, args, kwargs }: MontySnapshot) {
	tell({
		kind: 'call',
		name: functionName,
		args: args.map(plain),
		kwargs: plain(kwargs) as Readonly<Record<string, unknown>>,
	});
	const [answer] = (await once(port, 'message')) as [ToInterpreter];
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

function tell(message: FromInterpreter): void {
	port.postMessage(message);
}
