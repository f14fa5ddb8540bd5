import type { CallKind } from './steps.ts';

/**
 * When a decision rule is evaluated: `model` on a request to a model (step 11), `tool` on the execution of a tool and on
 * every tool call that a model emits (steps 11 and 28).
 */
export type DecisionPhase = CallKind;

/** One readable path of the input to `tappass.decision`, and the phases in which it is there. */
export interface DecisionField {
	readonly path: string;
	/** `object` is closed (its fields are listed), `any` is open below. */
	readonly type: 'string' | 'number' | 'boolean' | 'list' | 'any';
	readonly phases: readonly DecisionPhase[];
	readonly meaning: string;
}

const both: readonly DecisionPhase[] = ['model', 'tool'];
const model: readonly DecisionPhase[] = ['model'];
const tool: readonly DecisionPhase[] = ['tool'];

/**
 * Every field of the decision input. Reading any other is a compile error: a deny rule over a field that is never there
 * would silently never fire.
 */
export const decisionFields: readonly DecisionField[] = [
	{ path: 'call.kind', type: 'string', phases: both, meaning: '`model` or `tool`' },
	{ path: 'call.request_id', type: 'string', phases: both, meaning: 'id of the call' },
	{
		path: 'call.emitted',
		type: 'boolean',
		phases: both,
		meaning: 'true for a tool call that a model asked for, not yet executed',
	},
	{
		path: 'call.wire',
		type: 'string',
		phases: both,
		meaning: '`openai-chat`, `openai-responses`, `anthropic-messages`, `tools` or `mcp`',
	},
	{ path: 'call.stream', type: 'boolean', phases: both, meaning: 'whether the caller asked for a stream' },
	{ path: 'call.model', type: 'string', phases: model, meaning: 'model asked for' },
	{
		path: 'call.max_tokens',
		type: 'number',
		phases: model,
		meaning: 'most tokens that may be generated; absent when the caller set none',
	},
	{ path: 'call.messages', type: 'any', phases: model, meaning: 'list of {role, text}' },
	{
		path: 'call.offered_tools',
		type: 'list',
		phases: model,
		meaning: 'canonical names of the tools offered to the model',
	},
	{ path: 'tool.name', type: 'string', phases: tool, meaning: 'canonical name, `server.tool`' },
	{ path: 'tool.server', type: 'string', phases: tool, meaning: 'first segment of the name' },
	{ path: 'tool.capabilities', type: 'list', phases: tool, meaning: 'capabilities of the catalog entry' },
	{ path: 'tool.effect', type: 'string', phases: tool, meaning: '`read`, `write` or `delete`' },
	{ path: 'tool.slots', type: 'any', phases: tool, meaning: 'slot → the argument that fills it in this call' },
	{ path: 'args', type: 'any', phases: tool, meaning: 'arguments of the tool call' },
	{ path: 'session.id', type: 'string', phases: both, meaning: 'session, as the host opened it' },
	{ path: 'session.calls', type: 'number', phases: both, meaning: 'calls so far' },
	{ path: 'session.tool_calls', type: 'number', phases: both, meaning: 'tool calls so far' },
	{ path: 'session.tokens', type: 'number', phases: both, meaning: 'tokens so far' },
	{ path: 'session.dollars', type: 'number', phases: both, meaning: 'money so far' },
	{ path: 'session.age_seconds', type: 'number', phases: both, meaning: 'seconds since the session was opened' },
	{
		path: 'session.recent_tools',
		type: 'list',
		phases: both,
		meaning:
			'canonical names of the latest 64 tool calls, oldest first; before them every other tool of the session, once',
	},
	{ path: 'sandbox.id', type: 'string', phases: both, meaning: 'sandbox' },
	{ path: 'sandbox.org', type: 'string', phases: both, meaning: 'org' },
	{ path: 'sandbox.project', type: 'string', phases: both, meaning: 'project' },
	{ path: 'sandbox.agent', type: 'string', phases: both, meaning: 'agent' },
	{
		path: 'sandbox.trust_level',
		type: 'string',
		phases: both,
		meaning: '`observer`, `suggester`, `collaborator` or `autonomous`',
	},
	{ path: 'sandbox.clearance', type: 'any', phases: both, meaning: 'classification framework → level' },
	{ path: 'policy.version', type: 'number', phases: both, meaning: 'policy version that judges the call' },
	{ path: 'policy.function', type: 'string', phases: both, meaning: 'function of the agent' },
	{ path: 'policy.categories', type: 'list', phases: both, meaning: 'data categories' },
	{ path: 'policy.packs', type: 'list', phases: both, meaning: 'Packs in force' },
	{ path: 'policy.compiled', type: 'any', phases: both, meaning: 'the Compiled Policy' },
	{ path: 'now', type: 'number', phases: both, meaning: 'moment of the decision, nanoseconds since the Unix epoch' },
];
