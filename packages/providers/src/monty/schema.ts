import type { Rendered } from '@tappass/core';
import { z } from 'zod';
import { checkJson } from '../check-json.ts';

/**
 * Manifest for the SDK's executor. `external_functions` and `limits` go to `Monty` as they are (package @pydantic/monty
 * 0.0.18: `externalFunctions`, `ResourceLimits`).
 */
export interface MontyManifest {
	readonly schema: 'tappass.monty-manifest/1';
	/** False: no code of the agent runs. */
	readonly enabled: boolean;
	readonly external_functions: readonly string[];
	readonly limits: {
		/** Bytes. */
		readonly maxMemory: number;
		readonly maxDurationSecs: number;
		readonly maxRecursionDepth: number;
	};
}

const montyManifestSchema: z.ZodType = z.strictObject({
	schema: z.literal('tappass.monty-manifest/1'),
	enabled: z.boolean(),
	external_functions: z.array(z.string().min(1)),
	limits: z.strictObject({
		maxMemory: z.int().min(0),
		maxDurationSecs: z.number().min(0),
		maxRecursionDepth: z.int().min(0),
	}),
});

export function check(rendered: Rendered): readonly string[] {
	return checkJson(rendered, { 'monty-manifest.json': montyManifestSchema });
}
