import {
	type CompiledPolicy,
	canonicalBytes,
	domainText,
	type RenderCapabilities,
	type Rendered,
	sha256Hex,
} from '@tappass/core';
import { domainRules, unknownCategoryGaps } from '../domains.ts';
import { jsonFile, sortedGaps } from '../target.ts';
import type { GatewayRules } from './schema.ts';

/** Pure and total. Every value of the three Aspects is carried over; the only gap is a category nobody spelled out. */
export function render(policy: CompiledPolicy, capabilities: RenderCapabilities): Rendered {
	const domains = domainRules(policy.network, capabilities);
	const allow = [...policy.tools.allow].sort();
	const deny = [...policy.tools.deny].sort();
	const rules: GatewayRules = {
		schema: 'tappass.gateway-rules/1',
		token: {
			audience: 'gateway',
			allow_deny_sha256: digest(policy.tools),
			calls_per_minute: policy.budget.tool_calls_per_minute,
		},
		tools: { allow, deny },
		// Links in prompts and completions are held to the same domains as the agent's own connections.
		domains: { allow: domains.allow.map(domainText), deny: domains.deny.map(domainText) },
		budget: policy.budget,
	};
	return {
		files: [{ path: 'gateway-rules.json', content: jsonFile(rules), mode: 0o644 }],
		args: [],
		env: {
			ANTHROPIC_BASE_URL: capabilities.gateway_url.replace(/\/v1$/, ''),
			OPENAI_BASE_URL: capabilities.gateway_url,
		},
		gaps: sortedGaps(unknownCategoryGaps(domains)),
	};
}

/** The digest that capability tokens carry: of the tools Aspect exactly as the policy states it. */
function digest({ allow, deny, schemas_acl }: CompiledPolicy['tools']): string {
	return sha256Hex(canonicalBytes({ allow, deny, schemas_acl }));
}
