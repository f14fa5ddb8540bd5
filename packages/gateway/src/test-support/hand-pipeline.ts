import type { Finding } from '@tappass/core';
import { TapPassError } from '@tappass/core';
import type { Admitted, Denial, Outcome, OutputGuard, Pipeline, Route } from '../pipeline/admission.ts';
import type { Call, Caller } from '../pipeline/call.ts';

/** What a pipeline made by hand lets through: enough of one to try the doors on their own. */
export interface HandRules {
	readonly route: Route;
	/** A text that holds one of these ends the call. */
	readonly forbidden?: readonly string[];
	/** These are taken out. */
	readonly redacted?: readonly string[];
	/** Tools that may be called; undefined: all. */
	readonly tools?: readonly string[];
	/** Offered tools that are taken out, by canonical name. */
	readonly hidden?: readonly string[];
	readonly edits?: Admitted['edits'];
	readonly token?: string;
	readonly recorded?: () => Promise<void>;
	readonly changeArguments?: (args: string) => string;
	readonly cut?: AbortSignal;
}

/** What a pipeline made by hand saw. */
export interface HandPipeline extends Pipeline {
	readonly calls: readonly Call[];
	readonly callers: readonly Caller[];
	/** One for each admitted call that was settled. */
	readonly outcomes: readonly Outcome[];
	readonly admitted: () => number;
	readonly identified: () => number;
	/** Resolves once so many calls are settled. */
	readonly settled: (count: number) => Promise<void>;
}

export function handDenial(code: string, status = 403): Denial {
	return {
		request_id: 'req_hand',
		status,
		code,
		message: `hand says ${code}`,
		step: 'scan_output',
		because: ['by hand'],
	};
}

/** A pipeline with words instead of steps. */
export function handPipeline(rules: HandRules): HandPipeline {
	const calls: Call[] = [];
	const callers: Caller[] = [];
	const outcomes: Outcome[] = [];
	const waiting: { count: number; done: () => void }[] = [];
	let admitted = 0;
	let identified = 0;
	const refuses = (caller: Caller): boolean => rules.token !== undefined && caller.token !== rules.token;
	return {
		calls,
		callers,
		outcomes,
		admitted: () => admitted,
		identified: () => identified,
		settled: (count) =>
			outcomes.length >= count ? Promise.resolve() : new Promise((done) => waiting.push({ count, done })),
		async admit(call, caller) {
			calls.push(call);
			callers.push(caller);
			if (refuses(caller)) return { effect: 'block', denial: handDenial('token_invalid', 401) };
			const said = call.kind === 'model' ? call.texts.map(({ text }) => text).join('\n') : JSON.stringify(call.args);
			if (said.includes('DENY ME')) return { effect: 'block', denial: handDenial('tool_denied') };
			admitted += 1;
			const hidden = call.kind === 'model' ? call.offered_tools.filter(({ name }) => rules.hidden?.includes(name)) : [];
			const findings: readonly Finding[] = [];
			return {
				effect: 'allow',
				admitted: {
					request_id: 'req_hand',
					findings,
					edits: rules.edits ?? [],
					removed_tools: hidden.map(({ at }) => at),
					route: rules.route,
					recorded: rules.recorded?.() ?? Promise.resolve(),
					cut: rules.cut ?? new AbortController().signal,
					cutBy: () => handDenial('sandbox_revoked', 401),
					guard: handGuard(rules),
					timings: {},
					async settle(outcome) {
						outcomes.push(outcome);
						for (const one of waiting) if (outcomes.length >= one.count) one.done();
					},
				},
			};
		},
		async identify(_wire, caller) {
			identified += 1;
			if (refuses(caller)) return { effect: 'block', denial: handDenial('token_invalid', 401) };
			const models = { allow: ['scripted', 'family-one', 'other-*', 'nowhere'] };
			const who = { org_id: 'org_hand', sandbox_id: 'sbx_hand', policy_version: 1, pipeline: { models } };
			return {
				effect: 'allow',
				identified: {
					request_id: 'req_hand',
					policy: who as never,
					session: { id: 'ses_hand' } as never,
					mayUse: async () => true,
					guard: () => handGuard({}),
					mayCall: (model) => model !== 'hidden',
				},
			};
		},
		close() {},
	};
}

/** Judges a text by words, holding back what may become one. */
export function handGuard({ forbidden = [], redacted = [], tools, changeArguments }: Partial<HandRules>): OutputGuard {
	const channels = new Map<string, { held: string }>();
	const words = [...forbidden, ...redacted];
	const ended = new Set<string>();
	function judge(channel: string, delta: string, last: boolean): ReturnType<OutputGuard['push']> {
		if (ended.has(channel)) throw new TapPassError('internal', { detail: `channel ${channel} is over` });
		const state = channels.get(channel) ?? { held: '' };
		channels.set(channel, state);
		let text = state.held + delta;
		if (forbidden.some((word) => text.includes(word))) return { effect: 'block', denial: handDenial('forbidden_word') };
		for (const word of redacted) text = text.replaceAll(word, '[taken out]');
		const hold = last ? 0 : heldLength(text, words);
		state.held = text.slice(text.length - hold);
		if (last) ended.add(channel);
		return { effect: 'release', text: text.slice(0, text.length - hold) };
	}
	return {
		push: (channel, delta) => judge(channel, delta, false),
		end: (channel, last = '') => judge(channel, last, true),
		async emission({ wire_name, arguments_text }) {
			if (tools !== undefined && !tools.includes(wire_name))
				return { effect: 'block', denial: handDenial('tool_denied') };
			if (forbidden.some((word) => arguments_text.includes(word)))
				return { effect: 'block', denial: handDenial('forbidden_word') };
			return { effect: 'release', arguments_text: changeArguments?.(arguments_text) ?? arguments_text };
		},
		whole: async (text) => judge(`whole ${text.length}`, text, true),
	};
}

/** How much of the end of a text may be the beginning of a word. */
function heldLength(text: string, words: readonly string[]): number {
	let most = 0;
	for (const word of words) {
		for (let length = Math.min(word.length - 1, text.length); length > most; length -= 1) {
			if (word.startsWith(text.slice(text.length - length))) most = length;
		}
	}
	return most;
}
