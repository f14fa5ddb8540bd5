import type { z } from 'zod';
import { list, maximum, minimum, mode, parametersSchema, type StepParameter, switchOn } from './parameter.ts';

export type Phase = 'identify' | 'admit' | 'inspect' | 'tools' | 'forward' | 'respond' | 'settle';
/** What kind of call a step looks at: a prompt to a model, or the execution of a tool. */
export type CallKind = 'model' | 'tool';
/** What a step's finding does to the call, weakest first. */
export type Action = 'log' | 'notify' | 'block';
export const actions: readonly Action[] = ['log', 'notify', 'block'];

export type StepName =
	| 'assign_request_id'
	| 'authenticate'
	| 'check_revocation'
	| 'bind_policy'
	| 'check_session'
	| 'validate_wire'
	| 'enforce_rate'
	| 'reserve_budget'
	| 'enforce_model'
	| 'enforce_clearance'
	| 'evaluate_rego'
	| 'normalize_text'
	| 'detect_prompt_injection'
	| 'detect_obfuscation'
	| 'detect_secrets'
	| 'detect_pii'
	| 'detect_exfiltration'
	| 'filter_offered_tools'
	| 'discover_tools'
	| 'authorize_tool'
	| 'schema_acl'
	| 'constrain_arguments'
	| 'require_human_approval'
	| 'loop_guard'
	| 'inject_credentials'
	| 'forward'
	| 'scan_output'
	| 'check_emissions'
	| 'filter_response'
	| 'settle_budget'
	| 'record_signals'
	| 'sign_audit';

/** One step of the pipeline, as policy and gateway both know it. */
export interface StepDefinition {
	/** Place in the fixed order, from 1. */
	readonly number: number;
	readonly name: StepName;
	readonly phase: Phase;
	readonly applies_to: readonly CallKind[];
	/** `always`: part of every call, policy cannot switch it off. `policy`: off until a policy enables it. */
	readonly runs: 'always' | 'policy';
	/** Action when a policy enables the step without naming one. */
	readonly default_action: Action;
	readonly parameters: Readonly<Record<string, StepParameter>>;
	readonly summary: string;
}

type Row = readonly [
	name: StepName,
	phase: Phase,
	applies: 'both' | CallKind,
	runs: StepDefinition['runs'],
	summary: string,
	parameters?: Readonly<Record<string, StepParameter>>,
	action?: Action,
];

/** Classes of personal data that `detect_pii` and `scan_output` tell apart. */
export const piiClasses: readonly string[] = [
	'email',
	'phone',
	'credit_card',
	'iban',
	'national_id',
	'person_name',
	'street_address',
	'ip_address',
	'date_of_birth',
	'health',
	'biometric',
	'credential',
	'minor',
];
// Strict replaces for good, reversible can be undone by the response filter, flag only marks: strictest last.
const piiModes: readonly string[] = ['flag', 'reversible', 'strict'];

const rows: readonly Row[] = [
	['assign_request_id', 'identify', 'both', 'always', 'Gives the call the id that threads every record of it.'],
	['authenticate', 'identify', 'both', 'always', 'Verifies the capability token.'],
	['check_revocation', 'identify', 'both', 'always', 'Refuses a revoked sandbox.'],
	['bind_policy', 'identify', 'both', 'always', 'Pins the policy version that judges this call.'],
	[
		'check_session',
		'identify',
		'both',
		'always',
		'Refuses a killed session or one that lasts too long.',
		{
			session_minutes_max: maximum('minutes', 10_080),
			session_calls_max: maximum('calls', 1_000_000),
		},
	],
	[
		'validate_wire',
		'identify',
		'both',
		'always',
		'Checks the schema, size and depth of the request.',
		{
			body_bytes_max: maximum('bytes', 67_108_864),
			depth_max: maximum('levels', 256),
			messages_max: maximum('messages', 100_000),
		},
	],
	[
		'enforce_rate',
		'admit',
		'both',
		'always',
		'Holds calls per minute to the ceiling.',
		{ calls_per_minute_max: maximum('calls', 1_000_000) },
	],
	[
		'reserve_budget',
		'admit',
		'both',
		'always',
		'Reserves tokens and money before they can be spent.',
		{
			// Unasked, a model whose price is unknown counts as dearer than every list price.
			unknown_price_dollars_per_million_tokens: minimum('dollars', 10_000, 200),
			deny_unknown_price: switchOn(),
		},
	],
	[
		'enforce_model',
		'admit',
		'model',
		'always',
		'Allows only the models, and the regions, that the policy lists.',
		{ residency: list('intersection', 'regions where the model may run') },
	],
	[
		'enforce_clearance',
		'admit',
		'both',
		'policy',
		'Keeps classified content from agents that are not cleared for it.',
		{ frameworks: list('union', 'classification frameworks that apply; not stated: all of them') },
	],
	[
		'evaluate_rego',
		'admit',
		'both',
		'always',
		'Evaluates the decision rules of every level and Pack.',
		{ time_ms_max: maximum('milliseconds', 1_000), steps_max: maximum('steps', 100_000_000) },
	],
	[
		'normalize_text',
		'inspect',
		'both',
		'always',
		'Folds Unicode and decodes payloads, so that detectors read what the model reads.',
		{ decode_depth_max: minimum('layers', 8, 2) },
	],
	[
		'detect_prompt_injection',
		'inspect',
		'both',
		'policy',
		'Finds attempts to take over the agent by text.',
		{ threshold_percent: maximum('percent', 100, 50) },
	],
	[
		'detect_obfuscation',
		'inspect',
		'both',
		'policy',
		'Finds hidden or encoded instructions.',
		{ threshold_percent: maximum('percent', 100, 50) },
	],
	[
		'detect_secrets',
		'inspect',
		'both',
		'policy',
		'Finds keys, tokens and passwords.',
		{
			allow_fingerprints: {
				type: 'list',
				strict: 'intersection',
				meaning: 'SHA-256 of values known to be harmless',
				unstated: [],
			},
		},
	],
	[
		'detect_pii',
		'inspect',
		'both',
		'policy',
		'Finds personal data and treats it by mode.',
		{
			mode: mode(piiModes),
			classes: list('union', 'classes to look for; not stated: all of them', piiClasses),
			confidence_percent: maximum('percent', 100, 50),
		},
	],
	[
		'detect_exfiltration',
		'inspect',
		'both',
		'policy',
		'Finds data on its way out: links, images, encoded bulk.',
		{ encoded_bytes_max: maximum('bytes', 1_048_576, 4_096) },
	],
	['filter_offered_tools', 'tools', 'model', 'always', 'Removes tools from the request that the agent may not use.'],
	[
		'discover_tools',
		'tools',
		'both',
		'always',
		'Records tools nobody has approved, and denies them.',
		{ auto_approve_registered_servers: { type: 'boolean', strict: 'false_wins', unstated: false } },
	],
	['authorize_tool', 'tools', 'both', 'always', 'Checks allow, deny, trust level and forbidden capabilities.'],
	['schema_acl', 'tools', 'both', 'always', 'Checks the right to the schema that a call touches.'],
	['constrain_arguments', 'tools', 'both', 'always', 'Checks arguments against the constraints of the policy.'],
	[
		'require_human_approval',
		'tools',
		'both',
		'policy',
		'Holds a call until a person has approved exactly it.',
		{ expires_minutes: maximum('minutes', 10_080), approvers_min: minimum('people', 10) },
	],
	[
		'loop_guard',
		'tools',
		'both',
		'policy',
		'Kills a session that repeats itself.',
		{
			same_shape_max: maximum('calls', 10_000, 50),
			destructive_max: maximum('calls', 1_000, 3),
			cycle_length_max: minimum('calls', 64, 16),
			window_minutes: minimum('minutes', 1_440, 10),
		},
	],
	['inject_credentials', 'forward', 'both', 'always', 'Adds the upstream credential, here and nowhere else.'],
	['forward', 'forward', 'both', 'always', 'Sends the call on.', { timeout_seconds_max: maximum('seconds', 600) }],
	[
		'scan_output',
		'respond',
		'both',
		'policy',
		'Looks for personal data, secrets and injection in what comes back.',
		{
			mode: mode(piiModes),
			classes: list('union', 'classes to look for; not stated: all of them', piiClasses),
			confidence_percent: maximum('percent', 100, 50),
		},
	],
	['check_emissions', 'respond', 'model', 'always', 'Judges the tool calls that a model asks for.'],
	['filter_response', 'respond', 'both', 'always', 'Redacts, and restores reversible tokens.'],
	['settle_budget', 'settle', 'both', 'always', 'Replaces the reservation by real usage.'],
	['record_signals', 'settle', 'both', 'always', 'Counts what drift detection compares.'],
	[
		'sign_audit',
		'settle',
		'both',
		'always',
		'Closes the audit record with a signed mandate.',
		{ retention_days: minimum('days', 36_500) },
	],
];

/** The 32 steps in the order they run. */
export const steps: readonly StepDefinition[] = rows.map(
	([name, phase, applies, runs, summary, parameters, action], index) =>
		Object.freeze({
			number: index + 1,
			name,
			phase,
			applies_to: applies === 'both' ? ['model', 'tool'] : [applies],
			runs,
			default_action: action ?? 'block',
			parameters: parameters ?? {},
			summary,
		} satisfies StepDefinition),
);

const byName: ReadonlyMap<string, StepDefinition> = new Map(steps.map((step) => [step.name, step]));

/** The step of that name, or undefined. */
export function findStep(name: string): StepDefinition | undefined {
	return byName.get(name);
}

/** Strict schema of one step's parameters; every parameter is optional, an unknown one is refused. */
export function stepParametersSchema(step: StepDefinition): z.ZodType<Readonly<Record<string, ParameterValue>>> {
	return parametersSchema(step.parameters);
}

export type ParameterValue = boolean | number | string | readonly string[];
