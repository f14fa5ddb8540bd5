import { describe, expect, test } from 'vitest';
import { identitySchema } from '../identity/identity.ts';
import { renderCapabilitiesSchema, runtimeSchema } from '../runtime/runtime.ts';
import { parseBytesWith, parseWith } from '../schema/parse.ts';
import { compiledPolicySchema, emptyCompiledPolicy } from './compiled-policy.ts';
import { compiledPolicyJsonSchema } from './json-schema.ts';

const typical = {
	schema: 'tappass.compiled-policy/1',
	network: { allow_domains: ['files.acme.com'], deny_categories: ['paste_sites'] },
	filesystem: { workspace: '/workspace', read_only: ['/usr'], deny_paths: ['~/.ssh'] },
	tools: {
		allow: ['collibra.get_*'],
		deny: ['*.delete_*'],
		schemas_acl: { collibra: { finance: 'ro', pii_archive: 'deny' } },
	},
	interpreter: { host_functions: [], memory_mb: 64, cpu_time_ms: 500, stack_depth: 200 },
	budget: { tokens_per_day: 500_000, dollars_per_month: 200, tool_calls_per_minute: 30 },
	compliance_tags: ['SOC2:CC6.1'],
};
function without(key: keyof typeof typical): Record<string, unknown> {
	const { [key]: _, ...rest } = typical;
	return rest;
}

describe('a Compiled Policy', () => {
	test.each([
		['an unknown aspect', { ...typical, shell: {} }],
		['an unknown field in an aspect', { ...typical, network: { ...typical.network, allow_all: true } }],
		['a missing aspect', without('budget')],
		['another schema', { ...typical, schema: 'tappass.compiled-policy/2' }],
		['a domain pattern for everyone', { ...typical, network: { ...typical.network, allow_domains: ['*.com'] } }],
		['a workspace that is the root', { ...typical, filesystem: { ...typical.filesystem, workspace: '/' } }],
		['a workspace in the home', { ...typical, filesystem: { ...typical.filesystem, workspace: '~/w' } }],
		['a path with ..', { ...typical, filesystem: { ...typical.filesystem, deny_paths: ['/a/../b'] } }],
		['a negative ceiling', { ...typical, budget: { ...typical.budget, tokens_per_day: -1 } }],
		['a fraction', { ...typical, interpreter: { ...typical.interpreter, memory_mb: 1.5 } }],
		['an unknown right', { ...typical, tools: { ...typical.tools, schemas_acl: { a: { b: 'write' } } } }],
		[
			'a server named like a JavaScript internal',
			{ ...typical, tools: { ...typical.tools, schemas_acl: { constructor: { b: 'ro' } } } },
		],
		['a tag without a framework', { ...typical, compliance_tags: ['CC6.1'] }],
	])('is refused with %s', (_, value) => {
		expect(() => parseWith(compiledPolicySchema, value, 'policy')).toThrow(
			expect.objectContaining({ code: 'schema_invalid' }),
		);
	});

	test('is accepted when whole', () => {
		expect(parseWith(compiledPolicySchema, typical, 'policy')).toEqual(typical);
		expect(parseBytesWith(compiledPolicySchema, new TextEncoder().encode(JSON.stringify(typical)), 'policy')).toEqual(
			typical,
		);
	});

	test('that is empty allows nothing', () => {
		expect(parseWith(compiledPolicySchema, emptyCompiledPolicy, 'policy').tools.allow).toEqual([]);
		expect(Object.values(emptyCompiledPolicy.budget)).toEqual([0, 0, 0]);
		expect(emptyCompiledPolicy.network.allow_domains).toEqual([]);
		expect(emptyCompiledPolicy.interpreter.host_functions).toEqual([]);
	});

	test('reports every fault at once, each by its pointer', () => {
		const broken = { ...typical, network: { allow_domains: ['*', 'a b'], deny_categories: [''] }, extra: 1 };
		try {
			parseWith(compiledPolicySchema, broken, 'policy');
			expect.unreachable();
		} catch (error) {
			const paths = (error as { diagnostics: { path: string }[] }).diagnostics.map((diagnostic) => diagnostic.path);
			expect(paths).toEqual(
				expect.arrayContaining([
					'/network/allow_domains/0',
					'/network/allow_domains/1',
					'/network/deny_categories/0',
					'',
				]),
			);
		}
	});

	test('has the JSON Schema that is published', async () => {
		const text = `${JSON.stringify(compiledPolicyJsonSchema(), null, 2)}\n`;
		await expect(text).toMatchFileSnapshot('../../schema/compiled-policy.schema.json');
	});
});

describe('identity', () => {
	const whole = {
		org_id: 'org_acme01',
		project: 'p',
		agent: 'a',
		sandbox_id: 'sbx_a1b2c3',
		runtime_id: 'r',
		region: 'eu',
		sync_url: 'https://sync.example/v1',
	};
	test.each([
		['a slash', { org_id: 'org_a/../b' }],
		['no prefix', { sandbox_id: 'a1b2c3' }],
		['capitals', { project: 'P' }],
		['plain HTTP', { sync_url: 'http://sync.example' }],
		['a field nobody knows', { admin: true }],
	])('is refused with %s', (_, change) => {
		expect(identitySchema.safeParse({ ...whole, ...change }).success).toBe(false);
	});
	test('is accepted when whole', () => {
		expect(identitySchema.safeParse(whole).success).toBe(true);
	});
});

describe('a Runtime', () => {
	const whole = {
		schema: 'tappass.runtime/1',
		id: 'r',
		rings: { harness: null, kernel: 'bubblewrap', interpreter: null },
		llm_gateway: { upstreams: [] },
		mcp_broker: { servers: [] },
		cidrs: ['10.1.0.0/16:443'],
		accepted_gaps: [],
	};
	test('accepts no gap without a reason', () => {
		const gap = { provider: 'nono', aspect: 'network', value: '*', reason: '' };
		expect(runtimeSchema.safeParse({ ...whole, accepted_gaps: [gap] }).success).toBe(false);
		expect(
			runtimeSchema.safeParse({ ...whole, accepted_gaps: [{ ...gap, reason: 'the kernel ring covers it' }] }).success,
		).toBe(true);
	});
	test('says each ring, even when there is none', () => {
		expect(runtimeSchema.safeParse({ ...whole, rings: { kernel: 'bubblewrap' } }).success).toBe(false);
	});
	test('renders for capabilities that are whole', () => {
		const capabilities = {
			os: 'linux',
			home: '/home/agent',
			uid: 1000,
			workspace_host: '/srv/w',
			gateway_url: 'http://inference.local:3128/v1',
			mcp_url: 'http://mcp.local:3128/mcp',
			binaries: { node: '/usr/bin/node' },
			target_version: null,
			tool_aliases: {},
			domain_categories: {},
		};
		expect(renderCapabilitiesSchema.safeParse(capabilities).success).toBe(true);
		expect(renderCapabilitiesSchema.safeParse({ ...capabilities, home: 'home' }).success).toBe(false);
	});
});
