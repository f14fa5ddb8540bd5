import type { CompiledPolicy, RenderCapabilities, Rendered, SchemaRight } from '@tappass/core';
import { jsonFile } from '../target.ts';
import type { BrokerRules } from './schema.ts';

/** Pure and total, and without gaps: the broker is ours and expresses everything. */
export function render(policy: CompiledPolicy, capabilities: RenderCapabilities): Rendered {
	const rules: BrokerRules = {
		schema: 'tappass.broker-rules/1',
		audience: 'broker',
		tools: { allow: [...policy.tools.allow].sort(), deny: [...policy.tools.deny].sort() },
		// A server with an entry is closed: a schema of it that is not listed is denied.
		schemas_acl: sortedAcl(policy.tools.schemas_acl),
		calls_per_minute: policy.budget.tool_calls_per_minute,
		compliance_tags: [...policy.compliance_tags].sort(),
	};
	return {
		files: [{ path: 'broker-rules.json', content: jsonFile(rules), mode: 0o644 }],
		args: [],
		env: { TAPPASS_MCP_URL: capabilities.mcp_url },
		gaps: [],
	};
}

function sortedAcl(acl: CompiledPolicy['tools']['schemas_acl']): BrokerRules['schemas_acl'] {
	const sorted = <T>(record: Readonly<Record<string, T>>): [string, T][] =>
		Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
	return sorted(acl).map(([server, schemas]) => ({
		server,
		schemas: sorted<SchemaRight>(schemas).map(([schema, right]) => ({ schema, right })),
	}));
}
