import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Attacked, attackForAWhile, planes, startAttacked } from './test-support/attack-listeners.ts';

/* A short run of what `npm run fuzz` does for as long as it is told to: always the same seeds. */

let attacked: Attacked;

beforeAll(async () => {
	attacked = await startAttacked();
});
afterAll(() => attacked.close());

describe.each(planes)('the %s plane', (plane) => {
	it('answers whatever comes with a code, and serves others meanwhile', async () => {
		const rounds = await attackForAWhile(attacked, plane, 1, (done) => done < 400);

		expect(rounds).toBeGreaterThanOrEqual(400);
	});
});
