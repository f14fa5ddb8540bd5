import { type Aspect, aspects, type CompiledPolicy, type RenderCapabilities } from '@tappass/core';
import { holds } from './positions.ts';
import type { Target } from './target.ts';

/** How much of an Aspect a target enforces, and what is missing. */
export interface Coverage {
	readonly level: 'full' | 'partial' | 'none';
	/** Why it is partial; empty otherwise. */
	readonly why: readonly string[];
}

/**
 * Derived, not claimed: an Aspect is held in part when the position can hold only part of it, or when a policy that uses
 * every field leaves gaps.
 */
export function coverageOf(target: Target): Readonly<Record<Aspect, Coverage>> {
	const gaps = target.render(probe, machine).gaps;
	const entries = aspects.map((aspect): [Aspect, Coverage] => {
		if (!target.aspects.includes(aspect)) return [aspect, { level: 'none', why: [] }];
		const hold = holds[target.position][aspect];
		const limits = hold?.fields === 'all' ? [] : [hold?.note ?? 'what the target itself does'];
		const missing = gaps.filter((gap) => gap.aspect === aspect).map(({ value, why }) => `\`${value}\`: ${why}`);
		const why = [...limits, ...missing];
		return [aspect, { level: why.length === 0 ? 'full' : 'partial', why }];
	});
	return Object.fromEntries(entries) as Record<Aspect, Coverage>;
}

/** Uses every field, each where targets differ: an exception inside a grant, a wildcard with something denied in it. */
const probe: CompiledPolicy = {
	schema: 'tappass.compiled-policy/1',
	network: { allow_domains: ['*.corp.example', 'api.example.org'], deny_categories: ['paste'] },
	filesystem: {
		workspace: '/workspace',
		read_only: ['/opt/data', '/workspace/vendor'],
		deny_paths: ['/opt/data/secret', '/workspace/.env', '~/.ssh'],
	},
	tools: {
		allow: ['builtin.*', 'crm.get_*'],
		deny: ['*.delete_*', 'builtin.shell'],
		schemas_acl: { crm: { finance: 'ro', private: 'deny' } },
	},
	interpreter: { host_functions: ['lookup'], memory_mb: 64, cpu_time_ms: 1_000, stack_depth: 100 },
	budget: { tokens_per_day: 1_000, dollars_per_month: 10, tool_calls_per_minute: 10 },
	compliance_tags: ['SOC2:CC6.1'],
};

const machine: RenderCapabilities = {
	os: 'linux',
	home: '/home/agent',
	uid: 20_001,
	workspace_host: '/srv/tappass/workspace',
	gateway_url: 'http://inference.local:3128/v1',
	mcp_url: 'http://mcp.local:3128/mcp',
	binaries: { node: '/opt/tappass/bin/node', socat: '/usr/bin/socat' },
	target_version: null,
	tool_aliases: {
		// Names of every harness together: each knows its own and passes over the others.
		'builtin.edit_file': ['Edit', 'Write', 'apply_patch'],
		'builtin.shell': ['Bash', 'Shell', 'exec_command'],
		'crm.delete_asset': ['mcp__crm__delete_asset'],
		'crm.get_asset': ['mcp__crm__get_asset'],
	},
	domain_categories: { paste: ['paste.corp.example'] },
	path_kinds: {
		'/opt/data/secret': 'directory',
		'/srv/tappass/workspace/.env': 'file',
		'/srv/tappass/workspace/vendor': 'directory',
	},
};
