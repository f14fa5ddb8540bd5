/** The part of the README that `report.ts` writes, and the line that ties it to the weights. */
import { injectionWeights } from '../injection/injection-weights.ts';
import { peopleWeights } from '../pii/people-weights.ts';

export const markers = { begin: '<!-- figures: begin -->', end: '<!-- figures: end -->' } as const;

export function weightsLine(): string {
	return `Weights: injection \`${injectionWeights.sha256.slice(0, 16)}\`, people \`${peopleWeights.sha256.slice(0, 16)}\`.`;
}
