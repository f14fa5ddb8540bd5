import type { CompiledPolicy, Gap } from '@tappass/core';

/**
 * What no harness has a setting for: ceilings, interpreter limits, compliance tags, and rights on single schemas of a
 * server. The gateway, the broker and the interpreter ring hold them.
 */
export function harnessGaps(policy: CompiledPolicy): readonly Gap[] {
	const ceilings = ['dollars_per_month', 'tokens_per_day', 'tool_calls_per_minute'];
	const { host_functions, cpu_time_ms, memory_mb, stack_depth } = policy.interpreter;
	const runsCode = host_functions.length > 0 || (cpu_time_ms > 0 && memory_mb > 0 && stack_depth > 0);
	const limits = runsCode ? ['cpu_time_ms', 'host_functions', 'memory_mb', 'stack_depth'] : [];
	const schemas = Object.entries(policy.tools.schemas_acl).flatMap(([server, acl]) =>
		Object.keys(acl).map((schema) => `${server}.${schema}`),
	);
	const gaps = (aspect: Gap['aspect'], values: readonly string[], why: string): Gap[] =>
		values.map((value) => ({ aspect, value, why }));
	return [
		...gaps('budget', ceilings, 'the harness counts neither tokens, nor money, nor calls'),
		...gaps('compliance', policy.compliance_tags, 'the harness carries no compliance tags'),
		...gaps('interpreter', limits, 'the harness has no interpreter of its own to limit'),
		...gaps('tools', schemas, 'the harness does not look into the arguments of a tool'),
	];
}
