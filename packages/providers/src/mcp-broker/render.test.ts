import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { arbitraryCapabilities, arbitraryPolicy } from '../test-support/arbitrary.ts';
import { caseCapabilities, casePolicy, holdGolden } from '../test-support/golden.ts';
import { mcpBroker } from './index.ts';
import type { BrokerRules } from './schema.ts';

holdGolden(mcpBroker, import.meta.dirname);

function rulesOf(rendered: ReturnType<typeof mcpBroker.render>): BrokerRules {
	return JSON.parse(rendered.files[0]!.content);
}

describe('mcp-broker', () => {
	test('an empty policy allows no tool and no call', () => {
		const rules = rulesOf(mcpBroker.render(casePolicy('empty'), caseCapabilities()));
		expect([rules.tools.allow, rules.calls_per_minute]).toEqual([[], 0]);
	});

	test('a denied schema stays denied, a read-only one read-only', () => {
		const rules = rulesOf(mcpBroker.render(casePolicy('typical'), caseCapabilities()));
		expect(rules.schemas_acl).toEqual([
			{
				server: 'collibra',
				schemas: [
					{ schema: 'finance', right: 'ro' },
					{ schema: 'pii_archive', right: 'deny' },
				],
			},
		]);
	});

	test('any policy renders, the same twice, and says what the policy says', () => {
		fc.assert(
			fc.property(arbitraryPolicy, arbitraryCapabilities, (policy, capabilities) => {
				const rendered = mcpBroker.render(policy, capabilities);
				expect(mcpBroker.check(rendered)).toEqual([]);
				expect(mcpBroker.render(policy, capabilities)).toEqual(rendered);
				const rules = rulesOf(rendered);
				expect(new Set(rules.tools.allow)).toEqual(new Set(policy.tools.allow));
				expect(new Set(rules.tools.deny)).toEqual(new Set(policy.tools.deny));
				for (const { server, schemas } of rules.schemas_acl)
					for (const { schema, right } of schemas) expect(right).toBe(policy.tools.schemas_acl[server]?.[schema]);
			}),
		);
	});
});
