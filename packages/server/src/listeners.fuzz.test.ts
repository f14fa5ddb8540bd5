/** Fuzzing the listeners for longer: `npm run fuzz`. `FUZZ_SECONDS` sets the time for each plane, `FUZZ_SEED` where to begin. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Attacked, attackForAWhile, planes, startAttacked } from './test-support/attack-listeners.ts';

const seconds = Number(process.env['FUZZ_SECONDS'] ?? 5);
const firstSeed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 1_000_000_000);
let attacked: Attacked;

beforeAll(async () => {
	attacked = await startAttacked();
}, 120_000);
afterAll(() => attacked.close(), 60_000);

test.each(planes)('the %s plane answers with codes, serves others and keeps its memory', async (plane) => {
	const until = performance.now() + seconds * 1_000;
	const rounds = await attackForAWhile(attacked, plane, firstSeed, () => performance.now() < until);

	console.log(`${plane}: ${rounds} requests from FUZZ_SEED=${firstSeed}`);
	expect(rounds).toBeGreaterThan(0);
});
