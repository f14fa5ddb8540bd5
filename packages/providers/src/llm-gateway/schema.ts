import { type BudgetAspect, budgetSchema, type Rendered } from '@tappass/core';
import { z } from 'zod';
import { checkJson } from '../check-json.ts';

/** Our own format: what the gateway of this project reads. */
export interface GatewayRules {
	readonly schema: 'tappass.gateway-rules/1';
	readonly token: {
		readonly audience: 'gateway';
		readonly allow_deny_sha256: string;
		readonly calls_per_minute: number;
	};
	readonly tools: { readonly allow: readonly string[]; readonly deny: readonly string[] };
	readonly domains: { readonly allow: readonly string[]; readonly deny: readonly string[] };
	readonly budget: BudgetAspect;
}

const lists = z.strictObject({ allow: z.array(z.string()), deny: z.array(z.string()) });
const gatewayRulesSchema: z.ZodType = z.strictObject({
	schema: z.literal('tappass.gateway-rules/1'),
	token: z.strictObject({
		audience: z.literal('gateway'),
		allow_deny_sha256: z.string().regex(/^[0-9a-f]{64}$/),
		calls_per_minute: z.int().min(0),
	}),
	tools: lists,
	domains: lists,
	budget: budgetSchema,
});

export function check(rendered: Rendered): readonly string[] {
	return checkJson(rendered, { 'gateway-rules.json': gatewayRulesSchema });
}
