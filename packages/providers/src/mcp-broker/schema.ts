import { type Rendered, type SchemaRight, schemaRightSchema } from '@tappass/core';
import { z } from 'zod';
import { checkJson } from '../check-json.ts';

/** Our own format: what the broker of this project reads. */
export interface BrokerRules {
	readonly schema: 'tappass.broker-rules/1';
	readonly audience: 'broker';
	readonly tools: { readonly allow: readonly string[]; readonly deny: readonly string[] };
	readonly schemas_acl: readonly {
		readonly server: string;
		readonly schemas: readonly { readonly schema: string; readonly right: SchemaRight }[];
	}[];
	readonly calls_per_minute: number;
	readonly compliance_tags: readonly string[];
}

const brokerRulesSchema: z.ZodType = z.strictObject({
	schema: z.literal('tappass.broker-rules/1'),
	audience: z.literal('broker'),
	tools: z.strictObject({ allow: z.array(z.string()), deny: z.array(z.string()) }),
	schemas_acl: z.array(
		z.strictObject({
			server: z.string().min(1),
			schemas: z.array(z.strictObject({ schema: z.string().min(1), right: schemaRightSchema })),
		}),
	),
	calls_per_minute: z.int().min(0),
	compliance_tags: z.array(z.string()),
});

export function check(rendered: Rendered): readonly string[] {
	return checkJson(rendered, { 'broker-rules.json': brokerRulesSchema });
}
