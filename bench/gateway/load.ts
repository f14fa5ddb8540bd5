/** Load on one HTTP address, every answer checked. */
import { type Dispatcher, Pool } from 'undici';

/** Stands in a body for the number of the request: nobody asks the same thing thousands of times, and what was judged may be remembered. */
export const requestNumber = '#000000000';
let requests = 0;

/** Where to send, and what the answer must say. */
export interface Target {
	readonly url: string;
	readonly headers: Readonly<Record<string, string>>;
	readonly body: string;
	readonly says: (answer: string) => boolean;
}

/** Latencies in milliseconds, in the order of completion, and how long it took. */
export interface Run {
	readonly latencies: readonly number[];
	readonly seconds: number;
}

/** `workers` callers, each with a call after the other, for `ms` milliseconds or `calls` calls. */
export async function closedLoop(
	target: Target,
	workers: number,
	until: { readonly ms?: number; readonly calls?: number },
): Promise<Run> {
	const { origin, pathname } = new URL(target.url);
	const pool = new Pool(origin, { connections: workers, pipelining: 1 });
	const latencies: number[] = [];
	const begun = performance.now();
	const deadline = begun + (until.ms ?? Number.POSITIVE_INFINITY);
	let left = until.calls ?? Number.POSITIVE_INFINITY;
	const worker = async (): Promise<void> => {
		while (left > 0 && performance.now() < deadline) {
			left -= 1;
			const sent = performance.now();
			const answer = await post(pool, pathname, target);
			latencies.push(performance.now() - sent);
			if (!target.says(answer)) throw new Error(`${target.url} answered ${answer.slice(0, 300)}`);
		}
	};
	await Promise.all(Array.from({ length: workers }, worker));
	const seconds = (performance.now() - begun) / 1_000;
	await pool.close();
	return { latencies, seconds };
}

/** Milliseconds to the first content of a stream, and the whole text. */
export async function firstContent(target: Target): Promise<number> {
	const { origin, pathname } = new URL(target.url);
	const pool = new Pool(origin, { connections: 1 });
	const sent = performance.now();
	let first: number | undefined;
	const answer = await post(pool, pathname, target, (text) => {
		if (first === undefined && text.includes('"content":"')) first = performance.now() - sent;
	});
	await pool.close();
	if (first === undefined || !target.says(answer)) throw new Error(`${target.url} streamed ${answer.slice(0, 300)}`);
	return first;
}

function post(pool: Pool, path: string, target: Target, onData?: (text: string) => void): Promise<string> {
	return new Promise((resolve, reject) => {
		const chunks: Buffer[] = [];
		let status = 0;
		const handler: Dispatcher.DispatchHandler = {
			onRequestStart() {},
			onResponseStart(_controller, code) {
				status = code;
			},
			onResponseData(_controller, chunk) {
				chunks.push(chunk);
				onData?.(chunk.toString());
			},
			onResponseEnd() {
				const text = Buffer.concat(chunks).toString();
				if (status === 200) resolve(text);
				else reject(new Error(`${target.url} answered ${status}: ${text.slice(0, 300)}`));
			},
			onResponseError(_controller, error) {
				reject(error);
			},
		};
		const headers = { 'content-type': 'application/json', ...target.headers };
		requests += 1;
		const body = target.body.replace(requestNumber, `#${String(requests).padStart(9, '0')}`);
		pool.dispatch({ path, method: 'POST', headers, body }, handler);
	});
}

/** The value below which that part of the numbers lies. */
export function quantile(numbers: readonly number[], part: number): number {
	const sorted = [...numbers].sort((a, b) => a - b);
	return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}
