import { z } from 'zod';
import { compiledPolicySchema } from './compiled-policy.ts';

/**
 * The JSON Schema (2020-12) of a Compiled Policy, published as `schema/compiled-policy.schema.json`. It cannot say all that
 * the parser checks: patterns of domains, tools and paths are described, not enforced, by it.
 */
export function compiledPolicyJsonSchema(): Record<string, unknown> {
	return {
		...z.toJSONSchema(compiledPolicySchema, { unrepresentable: 'any' }),
		$id: 'urn:tappass:schema:compiled-policy:1',
		title: 'TapPass Compiled Policy',
		description: 'What one agent may do, by Aspect. Unknown fields are refused; an empty policy denies everything.',
	};
}
