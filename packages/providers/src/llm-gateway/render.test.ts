import { matchDomain, parseDomainPattern } from '@tappass/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { domainRules, mayReach } from '../domains.ts';
import { arbitraryCapabilities, arbitraryHost, arbitraryPolicy } from '../test-support/arbitrary.ts';
import { caseCapabilities, casePolicy, holdGolden } from '../test-support/golden.ts';
import { llmGateway } from './index.ts';
import type { GatewayRules } from './schema.ts';

holdGolden(llmGateway, import.meta.dirname);

function rulesOf(rendered: ReturnType<typeof llmGateway.render>): GatewayRules {
	return JSON.parse(rendered.files[0]!.content);
}

describe('llm-gateway', () => {
	test('an empty policy allows no tool, no domain and no spending', () => {
		const rules = rulesOf(llmGateway.render(casePolicy('empty'), caseCapabilities()));
		expect(rules.tools.allow).toEqual([]);
		expect(rules.domains.allow).toEqual([]);
		expect(Object.values(rules.budget)).toEqual([0, 0, 0]);
	});

	test('a category whose list is not known empties the allow-list, and says so', () => {
		const rendered = llmGateway.render(casePolicy('typical'), caseCapabilities({ domain_categories: {} }));
		expect(rulesOf(rendered).domains.allow).toEqual([]);
		expect(rendered.gaps).toEqual([expect.objectContaining({ aspect: 'network', value: 'paste_sites' })]);
	});

	test('any policy renders, the same twice, and reaches exactly what the policy allows', () => {
		fc.assert(
			fc.property(arbitraryPolicy, arbitraryCapabilities, arbitraryHost, (policy, capabilities, host) => {
				const rendered = llmGateway.render(policy, capabilities);
				expect(llmGateway.check(rendered)).toEqual([]);
				expect(llmGateway.render(policy, capabilities)).toEqual(rendered);
				const { allow, deny } = rulesOf(rendered).domains;
				const named = (list: readonly string[]): boolean =>
					list.some((text) => matchDomain(parseDomainPattern(text, 'deny').pattern!, host));
				expect(named(allow) && !named(deny)).toBe(mayReach(domainRules(policy.network, capabilities), host));
			}),
		);
	});
});
