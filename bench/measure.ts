/** Timing of small synchronous work, shared by the areas. */

export interface Sample {
	readonly per_second: number;
	readonly p50_us: number;
	readonly p99_us: number;
	readonly rounds: number;
}

/** Warms `work` up for a quarter of `ms`, then times each call for `ms` milliseconds. */
export function measure(work: () => void, ms = 1_000): Sample {
	const warmUntil = performance.now() + ms / 4;
	while (performance.now() < warmUntil) work();
	const times: number[] = [];
	const begin = performance.now();
	let now = begin;
	while (now - begin < ms) {
		work();
		const after = performance.now();
		times.push(after - now);
		now = after;
	}
	times.sort((a, b) => a - b);
	const at = (part: number): number =>
		round(times[Math.min(times.length - 1, Math.floor(times.length * part))]! * 1_000);
	return {
		per_second: Math.round((times.length * 1_000) / (now - begin)),
		p50_us: at(0.5),
		p99_us: at(0.99),
		rounds: times.length,
	};
}

function round(value: number): number {
	return Math.round(value * 100) / 100;
}
