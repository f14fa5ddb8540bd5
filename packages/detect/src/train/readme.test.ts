import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { injectionWeights } from '../injection/injection-weights.ts';
import { peopleWeights } from '../pii/people-weights.ts';
import { markers, weightsLine } from './readme.ts';

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

test('the figures of the README were made with the weights that are checked in', () => {
	const figures = readme.split(markers.begin)[1]?.split(markers.end)[0] ?? '';

	expect(figures).toContain(weightsLine());
});

test.each([
	['injection', injectionWeights],
	['people', peopleWeights],
])('the weights of %s are those that their hash was taken of', (_name, { sha256, scale, extra, data }) => {
	expect(
		createHash('sha256')
			.update(JSON.stringify([scale, extra, data]))
			.digest('hex'),
	).toBe(sha256);
});
