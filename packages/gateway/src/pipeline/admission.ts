import type { Finding, Json, StepName } from '@tappass/core';
import type { Rate } from '../budget/tariff.ts';
import type { BoundPolicy, Session } from '../ports.ts';
import type { Call, Caller, Wire } from './call.ts';
import type { Span } from './spans.ts';

/** Why a call was refused, ready for any wire. */
export interface Denial {
	readonly request_id: string;
	/** HTTP status of the code. */
	readonly status: number;
	readonly code: string;
	/** For people and for the model; never holds what was found. */
	readonly message: string;
	readonly step: StepName;
	/** Level of the cascade that decided, where one did. */
	readonly level?: 'org' | 'project' | 'agent' | undefined;
	/** The Because trail as text, a line each. */
	readonly because: readonly string[];
	/** Milliseconds after which a retry may succeed; undefined: this answer is final. */
	readonly retry_after_ms?: number | undefined;
	/** Of an approval that a person can grant. */
	readonly ticket?: string | undefined;
}

/** Where an admitted call goes, with the credential that only steps 25 and 26 see. */
export interface Route {
	readonly upstream: string;
	/** `null` credential: the upstream needs none. */
	readonly headers: Readonly<Record<string, string>>;
	readonly base_url: string;
	/** Wire or vendor that the upstream speaks. */
	readonly speaks: 'openai' | 'anthropic' | 'google' | 'mistral' | 'openai-compatible';
	/** The model's name there. */
	readonly model: string;
	readonly timeout_ms: number;
}

/** What was really used, as the upstream says. */
export interface Usage {
	/** Tokens of the prompt that were not read from a cache. */
	readonly input_tokens: number;
	readonly cache_read_tokens: number;
	readonly cache_write_tokens: number;
	/** Of those written: what is kept for an hour, at a price of its own. */
	readonly cache_write_hour_tokens?: number;
	readonly output_tokens: number;
	/** What is charged above the list price, where the upstream says so; undefined: it does not say. */
	readonly rates?: readonly Rate[];
}

/** How a call ended. */
export interface Outcome {
	readonly how: 'completed' | 'blocked' | 'upstream_error' | 'client_gone' | 'aborted';
	/** Undefined: the upstream did not say; the reservation is kept. */
	readonly usage?: Usage | undefined;
	/** Of the upstream, or of ours when it could not be reached. */
	readonly status: number;
	/** Bytes of output that were released to the caller before the end, or before a block. */
	readonly released_bytes: number;
	readonly code?: string | undefined;
	/** Kept encrypted beside the log. */
	readonly payload?: Json;
}

/** What a guard says of a piece of output. */
export type Guarded =
	| {
			readonly effect: 'release';
			readonly text: string;
			/** Of a whole text: where it was written over, in order. */
			readonly spans?: readonly Span[];
	  }
	| { readonly effect: 'block'; readonly denial: Denial };

/**
 * Judges what a model or tool sends back, whole or piece by piece, with the same verdict. A channel is one run of text:
 * a content block, a choice, a reasoning block.
 */
export interface OutputGuard {
	/** More text of a channel; answers what may go out now. Redactions and restored tokens are in it already. */
	readonly push: (channel: string, delta: string) => Guarded;
	/** A channel is over, with what comes last: whatever was held comes out, or blocks. */
	readonly end: (channel: string, last?: string) => Guarded;
	/** A complete tool call that the model emitted: steps 11 and 19 to 24 (step 28 `check_emissions`). */
	readonly emission: (call: {
		readonly wire_name: string;
		readonly arguments_text: string;
	}) => Promise<
		| { readonly effect: 'release'; readonly arguments_text: string }
		| { readonly effect: 'block'; readonly denial: Denial }
	>;
	/** A complete text, such as a tool's result: whole-text classifiers look at it as well. */
	readonly whole: (text: string) => Promise<Guarded>;
}

/** A call that passed steps 1 to 25. */
export interface Admitted {
	readonly request_id: string;
	readonly findings: readonly Finding[];
	/** Texts to write in place of what stands at these pointers: into the body of a model call, into `args` of a tool call. */
	readonly edits: readonly { readonly at: string; readonly text: string }[];
	/** Offered tools to take out of the body, by pointer. */
	readonly removed_tools: readonly string[];
	/** Undefined for a tool call: the broker routes it by server. */
	readonly route: Route | undefined;
	/**
	 * Settles when the `admitted` record is durable; rejects with `audit_unavailable`. Awaited before a tool is called, and
	 * before the first byte of a model's answer is released.
	 */
	readonly recorded: Promise<void>;
	/** Aborts on revocation, session kill, or when the longest life of a stream is over. */
	readonly cut: AbortSignal;
	/** The denial to tell the caller once `cut` fired. */
	readonly cutBy: () => Denial;
	readonly guard: OutputGuard;
	/** Milliseconds that each step took so far. */
	readonly timings: Readonly<Partial<Record<StepName, number>>>;
	/** Steps 30 to 32. Called exactly once, whatever happened; throws `audit_unavailable`. */
	readonly settle: (outcome: Outcome) => Promise<void>;
}

export type Admission =
	| { readonly effect: 'block'; readonly denial: Denial }
	| { readonly effect: 'allow'; readonly admitted: Admitted };

/** Who calls, for doors that answer without a call: lists of models, tools, resources. */
export interface Identified {
	readonly request_id: string;
	readonly policy: BoundPolicy;
	readonly session: Session;
	/** Whether the policy lets the agent see a tool of that canonical name: steps 18 to 20 without arguments. */
	readonly mayUse: (tool: string) => Promise<boolean>;
	/** Judges what is told without a call: lists, and what servers say of themselves. Each guard has a verdict of its own. */
	readonly guard: () => OutputGuard;
	/** Whether the policy lets the agent call a model of that name. */
	readonly mayCall: (model: string) => boolean;
}

export type Identification =
	| { readonly effect: 'block'; readonly denial: Denial }
	| { readonly effect: 'allow'; readonly identified: Identified };

/** The 32 steps. One for each process; it holds caches and nothing that replicas must share. */
export interface Pipeline {
	/** Steps 1 to 26. Never throws: whatever fails is a denial. */
	readonly admit: (call: Call, caller: Caller) => Promise<Admission>;
	/** Steps 1 to 5 only. Never throws. */
	readonly identify: (wire: Wire, caller: Caller) => Promise<Identification>;
	/** Lets go of the listeners. */
	readonly close: () => void;
}
