/** Fuzzing for longer: `npm run fuzz`. `FUZZ_SECONDS` sets the time for each kind, `FUZZ_SEED` where to begin. */
import { expect, test } from 'vitest';
import { attempt } from './attempt.test.support.ts';
import { hugeSources, mutated, randomBytesText, randomOf, randomWords, seedSources } from './sources.test.support.ts';

const seconds = Number(process.env.FUZZ_SECONDS ?? 60);
const firstSeed = Number(process.env.FUZZ_SEED ?? Date.now() % 1_000_000_000);

/** Runs `one` with seeds in a row until the time is over; a failure names its seed. */
function forAWhile(one: (seed: number) => void): number {
	const end = performance.now() + seconds * 1_000;
	let seed = firstSeed;
	for (; performance.now() < end; seed++) {
		try {
			one(seed);
		} catch (error) {
			throw new Error(`FUZZ_SEED=${seed}: ${error instanceof Error ? error.message : String(error)}`);
		}
	}
	return seed - firstSeed;
}

test('random bytes and words are refused with diagnostics', () => {
	const rounds = forAWhile((seed) => {
		const random = randomOf(seed);
		attempt(randomBytesText(random, random(3_000)));
		attempt(randomWords(random, random(300)));
	});
	expect(rounds).toBeGreaterThan(0);
});

test('mutated policies are refused or run, the same with and without index, provenance and formatting', () => {
	const seeds = seedSources();
	const rounds = forAWhile((seed) => {
		const random = randomOf(seed);
		attempt(mutated(seeds[random(seeds.length)]!, random));
	});
	expect(rounds).toBeGreaterThan(0);
});

test.each(Object.entries(hugeSources(1 << 20)))('a megabyte of %s', (_, source) => {
	attempt(source);
});
