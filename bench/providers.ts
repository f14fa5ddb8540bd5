import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compiledPolicySchema, parseBytesWith, parseJson, renderCapabilitiesSchema } from '@tappass/core';
import { targets } from '@tappass/providers';
import { measure, type Sample } from './measure.ts';

/** Every target's render of the case `everything`, each alone and all together: at most 5 ms together, warm. */
export async function run(): Promise<Readonly<Record<string, unknown>>> {
	const testdata = join(import.meta.dirname, '../../packages/providers/src/test-support/testdata');
	const policy = parseBytesWith(
		compiledPolicySchema,
		readFileSync(join(testdata, 'everything.compiled-policy.json')),
		'everything',
	);
	const capabilities = renderCapabilitiesSchema.parse(parseJson(readFileSync(join(testdata, 'capabilities.json'))));
	const all = measure(() => {
		for (const target of targets) target.render(policy, capabilities);
	});
	const each: Readonly<Record<string, Sample>> = Object.fromEntries(
		targets.map((target) => [target.name, measure(() => void target.render(policy, capabilities), 250)]),
	);
	return { targets: targets.length, all_together: all, within_5_ms: all.p50_us <= 5_000, each };
}
