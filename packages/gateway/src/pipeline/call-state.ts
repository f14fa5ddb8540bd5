import type { Finding, Json, OrgId, StepName, ToolFacts } from '@tappass/core';
import { TapPassError } from '@tappass/core';
import type { Detection } from '@tappass/detect';
import type { CapabilityClaims } from '@tappass/trust';
import type { BoundPolicy, Session } from '../ports.ts';
import type { Outcome, Route } from './admission.ts';
import type { Call, Caller, Wire } from './call.ts';
import type { Content } from './content.ts';
import type { Running } from './cuts.ts';
import type { Reading } from './detectors.ts';
import type { Pseudonyms } from './pseudonyms.ts';
import type { Rules } from './rules.ts';
import type { Span } from './spans.ts';

/** A text of a call, made ready for detectors. */
export interface ReadText {
	readonly at: string;
	readonly text: string;
	readonly reading: Reading | undefined;
	/** Whether an edit can take its place. */
	readonly editable: boolean;
	/** Somebody else than the agent's makers or the model itself may have written it. */
	readonly foreign: boolean;
}

/** Somebody wants a person to look at this call first. */
export interface Asked {
	readonly approval_id: string;
	readonly approvers: number;
	readonly expires_minutes: number;
	readonly by: 'rule' | 'trust_level' | 'rego';
	readonly finding: Omit<Finding, 'action'>;
}

/** How far the detectors have looked at a run of text, each for itself. */
export interface Look {
	/** Offset up to which each detector has decided. */
	readonly cursors: number[];
	/** Found, and not yet released or replaced. */
	pending: Detection[];
}

/** A piece of output on its way through steps 27 and 29. */
export interface Piece {
	/** The run of text so far; what stands before `from` was released already. */
	readonly text: string;
	readonly from: number;
	/** End of what may go out; step 27 draws it back to where something is not decided. */
	to: number;
	/** Nothing comes after it. */
	readonly over: boolean;
	/** A complete text from outside, a tool's result, which classifiers look at as well. */
	readonly complete: boolean;
	readonly look: Look;
	/** What step 27 found in it, to be replaced. */
	replace: readonly Detection[];
	/** What step 29 makes of it, and where it wrote over what may go out. */
	released: string;
	spans: readonly Span[];
}

/** Everything known of one call, from step 1 on. Each step fills what is its own. */
export interface CallState {
	/** As it came; once it is validated, with the values of withheld tokens in a tool's arguments. */
	call: Call;
	/** The wire that is answered on: of an emitted call that of the answer it stands in. */
	readonly wire: Wire;
	readonly caller: Caller;
	/** Unix milliseconds at which the call arrived. */
	readonly at: number;
	/** A tool call that a model asked for. */
	readonly emitted: boolean;
	/** Nobody calls anything: a door asks who is there. It counts as no call. */
	readonly asks: boolean;
	request_id: string;
	/** The org that the token names, which exists; believed by no one until the token is. */
	claimed_org_id: OrgId | undefined;
	claims: CapabilityClaims | undefined;
	policy: BoundPolicy | undefined;
	rules: Rules | undefined;
	session: Session | undefined;
	clearance: Readonly<Record<string, number>>;
	facts: ToolFacts | undefined;
	/** SHA-256 of the canonical arguments, once somebody asked. */
	args_sha256: string | undefined;
	/** What was reserved, and at which price. */
	reserved: { readonly tokens: number; readonly dollars: number } | undefined;
	served: Omit<Route, 'headers'> | undefined;
	route: Route | undefined;
	texts: readonly ReadText[];
	readonly edits: { readonly at: string; readonly text: string }[];
	removed_tools: string[];
	asked: Asked[];
	pseudonyms: Pseudonyms | undefined;
	piece: Piece | undefined;
	ticket: string | undefined;
	retry_after_ms: number | undefined;
	/** `Cuts.changes` when the sandbox was looked up. */
	changes: number;
	running: Running | undefined;
	/** What the audit commits to of the call. */
	content: Content | undefined;
	recorded: Promise<void> | undefined;
	unknown_tool: boolean;
	outcome: Outcome | undefined;
	findings: Finding[];
	timings: Partial<Record<StepName, number>>;
}

export function createState(call: Call, caller: Caller, at: number, asks = false): CallState {
	return {
		call,
		wire: call.wire,
		caller,
		at,
		asks,
		emitted: false,
		request_id: '',
		claimed_org_id: undefined,
		claims: undefined,
		policy: undefined,
		rules: undefined,
		session: undefined,
		clearance: {},
		facts: undefined,
		args_sha256: undefined,
		reserved: undefined,
		served: undefined,
		route: undefined,
		texts: [],
		edits: [],
		removed_tools: [],
		asked: [],
		pseudonyms: undefined,
		piece: undefined,
		ticket: undefined,
		retry_after_ms: undefined,
		changes: 0,
		running: undefined,
		content: undefined,
		recorded: undefined,
		unknown_tool: false,
		outcome: undefined,
		findings: [],
		timings: {},
	};
}

/** The state of a tool call that a model emitted in answer to `parent`: same caller, same policy, findings of its own. */
export function emissionState(parent: CallState, tool: string, args: Json, bytes: number): CallState {
	const call = { kind: 'tool', wire: 'tools', tool, args, body_bytes: bytes } as const;
	return {
		...parent,
		call,
		emitted: true,
		facts: undefined,
		args_sha256: undefined,
		texts: [],
		edits: [],
		removed_tools: [],
		asked: [],
		ticket: undefined,
		unknown_tool: false,
		findings: [],
		timings: {},
	};
}

/** The policy and session that steps 3 to 5 bound; a step that runs without them is a fault. */
export function bound(state: CallState): {
	readonly policy: BoundPolicy;
	readonly rules: Rules;
	readonly session: Session;
} {
	const { policy, rules, session } = state;
	if (policy === undefined || rules === undefined || session === undefined)
		throw new TapPassError('internal', { detail: 'a step ran before the call was bound to a policy and session' });
	return { policy, rules, session };
}

/** Writes a text over one place; what an earlier step wrote there is gone. */
export function setEdit({ edits }: CallState, at: string, text: string): void {
	const before = edits.findIndex((edit) => edit.at === at);
	if (before >= 0) edits.splice(before, 1);
	edits.push({ at, text });
}
