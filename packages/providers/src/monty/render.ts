import type { CompiledPolicy, RenderCapabilities, Rendered } from '@tappass/core';
import { jsonFile } from '../target.ts';
import type { MontyManifest } from './schema.ts';

const bytesPerMegabyte = 1_048_576;

/** Pure and total. A ceiling of 0 means that code of the agent does not run at all: Monty reads 0 as "no limit" in places. */
export function render(policy: CompiledPolicy, _capabilities: RenderCapabilities): Rendered {
	const { host_functions, memory_mb, cpu_time_ms, stack_depth } = policy.interpreter;
	const manifest: MontyManifest = {
		schema: 'tappass.monty-manifest/1',
		enabled: memory_mb > 0 && cpu_time_ms > 0 && stack_depth > 0,
		external_functions: [...host_functions].sort(),
		limits: {
			maxMemory: memory_mb * bytesPerMegabyte,
			maxDurationSecs: cpu_time_ms / 1_000,
			maxRecursionDepth: stack_depth,
		},
	};
	return {
		files: [{ path: 'monty-manifest.json', content: jsonFile(manifest), mode: 0o644 }],
		args: [],
		env: {},
		gaps: [],
	};
}
