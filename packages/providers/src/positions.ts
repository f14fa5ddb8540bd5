import type { Aspect, EnforcementPosition } from '@tappass/core';

/** How far one position holds an Aspect for the whole agent, whichever target fills it. */
export interface Hold {
	/** Fields of the Aspect in which it stands in for another position that cannot express a rule; or all of them. */
	readonly fields: 'all' | readonly string[];
	/** What it does not hold, when that is not everything. */
	readonly note?: string;
}

const ownTools = 'what the harness does itself; a program that it starts can go past it';

/**
 * Who holds what. A harness guards its own tools, so it stands in for no kernel; the gateway sees every tool call a model
 * emits, the broker every call to a server and its arguments.
 */
export const holds: Readonly<Record<EnforcementPosition, Readonly<Partial<Record<Aspect, Hold>>>>> = {
	harness: {
		network: { fields: [], note: ownTools },
		filesystem: { fields: [], note: ownTools },
		tools: { fields: ['allow', 'deny'], note: 'schemas_acl is about arguments, which the broker reads' },
	},
	kernel: { network: { fields: 'all' }, filesystem: { fields: 'all' } },
	interpreter: { interpreter: { fields: 'all' } },
	llm_gateway: {
		network: { fields: [], note: 'links in prompts and completions; connections are the kernel ring’s' },
		tools: { fields: ['allow', 'deny'], note: 'schemas_acl is about arguments, which the broker reads' },
		budget: { fields: 'all' },
	},
	mcp_broker: {
		tools: { fields: ['schemas_acl'], note: 'tools of the harness itself do not pass here' },
		budget: { fields: ['tool_calls_per_minute'], note: 'tokens and money are the gateway’s' },
		compliance: { fields: 'all' },
	},
};

/** Whether a position stands in for another in a field of an Aspect; an undefined field asks for the whole Aspect. */
export function standsIn(position: EnforcementPosition, aspect: Aspect, field: string | undefined): boolean {
	const fields = holds[position][aspect]?.fields ?? [];
	return fields === 'all' || (field !== undefined && fields.includes(field));
}
