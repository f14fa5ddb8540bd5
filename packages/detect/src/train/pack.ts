/** Weights to the text of a module: eight bits each, base64, with a hash that figures are tied to. */
import { createHash } from 'node:crypto';
import type { PackedWeights } from '../text/weights.ts';

export function pack(weights: Float64Array, extra: readonly number[]): PackedWeights {
	// The few largest weights are cut off: what matters is the resolution of the many.
	const sorted = weights
		.map(Math.abs)
		.filter((weight) => weight > 0)
		.sort();
	const top = sorted[Math.floor(sorted.length * 0.999)] ?? 1;
	const scale = Number((top / 127).toPrecision(6));
	const bytes = Int8Array.from(weights, (weight) => Math.max(-127, Math.min(127, Math.round(weight / scale))));
	const data = Buffer.from(bytes.buffer).toString('base64');
	const rounded = extra.map((value) => Number(value.toPrecision(6)));
	const sha256 = createHash('sha256')
		.update(JSON.stringify([scale, rounded, data]))
		.digest('hex');
	return { sha256, scale, extra: rounded, data };
}

/** Source of the module that holds `packed` under `name`. */
export function moduleOf(name: string, about: string, packed: PackedWeights): string {
	return `// ${about} Written by \`npm run detect:train\`; do not edit.
import type { PackedWeights } from '../text/weights.ts';

export const ${name}: PackedWeights = {
	sha256: '${packed.sha256}',
	scale: ${packed.scale},
	extra: [${packed.extra.join(', ')}],
	data: '${packed.data}',
};
`;
}
