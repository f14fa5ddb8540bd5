import { type Finding, type Json, parseJson } from '@tappass/core';
import { gatewayLimits } from '../limits.ts';
import { toolOfWireName } from '../llm/tool-names.ts';
import type { Denial, Guarded, OutputGuard } from './admission.ts';
import { bound, type CallState, emissionState, type Look, type Piece } from './call-state.ts';
import type { Context } from './context.ts';
import { denialOf, finding } from './findings.ts';
import { textsOf, withTexts } from './json-texts.ts';
import { tokenHoldFrom } from './pseudonyms.ts';
import { canonicalTool } from './rules.ts';
import { applies, note, runNow, runStep } from './run.ts';
import type { Step } from './step.ts';
import { barredBy, sectionsIn } from './steps/enforce-clearance.ts';

/** The steps that look at output. */
export interface OutputSteps {
	readonly scan: Step;
	readonly emissions: Step;
	readonly filter: Step;
	readonly clearance: Step;
}

/** A run of text: what was released last, as far as detectors may look back, and what is held. */
interface Channel {
	text: string;
	/** Offset of the first character that was not released. */
	from: number;
	look: Look;
}

/** Steps 27 to 29 around the output of one call. What was blocked once stays blocked, on every channel. */
export function createGuard(state: CallState, steps: OutputSteps, context: Context): OutputGuard {
	const channels = new Map<string, Channel>();
	let blocked: Denial | undefined;

	const block = (found: readonly Finding[], of: CallState = state): Denial | undefined => {
		note(state, found);
		const decided = found.find(({ action }) => action === 'block');
		if (decided !== undefined) {
			blocked ??= denialOf(of, decided);
			channels.clear();
		}
		return blocked;
	};

	/** Judges one piece, and makes of it what may go out. */
	const judge = (piece: Piece): Guarded => {
		state.piece = piece;
		const scanned = applies(steps.scan, state) ? runNow(steps.scan, state, context) : [];
		const denial = block(scanned) ?? block(runNow(steps.filter, state, context));
		state.piece = undefined;
		if (denial !== undefined) return { effect: 'block', denial };
		const { released: text, spans } = piece;
		return piece.complete ? { effect: 'release', text, spans } : { effect: 'release', text };
	};

	const advance = (channel: Channel, over: boolean): Guarded => {
		const { text, from, look } = channel;
		const to = over ? text.length : Math.max(from, tokenHoldFrom(text));
		const piece: Piece = { text, from, to, over, complete: false, look, replace: [], released: '', spans: [] };
		const guarded = judge(piece);
		const cut = Math.max(0, piece.to - gatewayLimits.lookBack);
		channel.text = text.slice(cut);
		channel.from = piece.to - cut;
		channel.look = moved(look, cut);
		return guarded;
	};

	const failSafe = (run: () => Guarded): Guarded => {
		if (blocked !== undefined) return { effect: 'block', denial: blocked };
		try {
			return run();
		} catch {
			// A detector that fails has not looked: what it was to look at does not go out.
			return { effect: 'block', denial: block([failed(state, steps.scan)])! };
		}
	};

	return {
		push: (name, delta) =>
			failSafe(() => {
				const channel = channels.get(name) ?? freshChannel();
				channels.set(name, channel);
				channel.text += delta;
				return advance(channel, false);
			}),
		end: (name, last = '') =>
			failSafe(() => {
				const channel = channels.get(name) ?? freshChannel();
				channels.delete(name);
				channel.text += last;
				return channel.text === '' ? { effect: 'release', text: '' } : advance(channel, true);
			}),
		whole: async (text) => {
			if (blocked !== undefined) return { effect: 'block', denial: blocked };
			if (applies(steps.clearance, state)) {
				const asked = { ...steps.clearance, run: () => clearedFor(state, text, context) };
				const denial = block(await runStep(asked, state, context));
				if (denial !== undefined) return { effect: 'block', denial };
			}
			return failSafe(() => judge(wholePiece(text, true)));
		},
		emission: async ({ wire_name, arguments_text }) => {
			if (blocked !== undefined) return { effect: 'block', denial: blocked };
			const args = parseArguments(arguments_text);
			if (args === undefined)
				return { effect: 'block', denial: block([malformed(state, 'Its arguments are no JSON object.')])! };
			const released = judgeArguments(args, judge);
			if (released.effect === 'block') return released;
			const tool = toolOf(state, wire_name);
			if (tool === undefined)
				return { effect: 'block', denial: block([malformed(state, 'Its name is no name of a tool.')])! };
			const emission = emissionState(state, tool, released.args, Buffer.byteLength(arguments_text));
			const denial = block(await runStep(steps.emissions, emission, context), emission);
			Object.assign(state.timings, { check_emissions: emission.timings.check_emissions });
			if (denial !== undefined) return { effect: 'block', denial };
			return { effect: 'release', arguments_text: released.changed ? JSON.stringify(released.args) : arguments_text };
		},
	};
}

function freshChannel(): Channel {
	return { text: '', from: 0, look: { cursors: [], pending: [] } };
}

function wholePiece(text: string, complete: boolean): Piece {
	const look = { cursors: [], pending: [] };
	return { text, from: 0, to: text.length, over: true, complete, look, replace: [], released: '', spans: [] };
}

function moved({ cursors, pending }: Look, by: number): Look {
	return {
		cursors: cursors.map((cursor) => cursor - by),
		pending: pending.map((one) => ({ ...one, start: one.start - by, end: one.end - by })),
	};
}

async function clearedFor(state: CallState, text: string, context: Context): Promise<readonly Finding[]> {
	const barred = await barredBy(state, context, sectionsIn(text));
	if (barred === undefined) return [];
	const action = bound(state).policy.pipeline.steps.enforce_clearance.action;
	const message = `The agent is not cleared for what came back (${barred}).`;
	return [finding(state, 'enforce_clearance', { code: 'clearance_denied', message, action })];
}

function parseArguments(text: string): { readonly [key: string]: Json } | undefined {
	// Both vendors send nothing at all for a tool without parameters.
	if (text.trim() === '') return {};
	try {
		const args = parseJson(new TextEncoder().encode(text), { depthMax: gatewayLimits.bodyDepthMax });
		return typeof args === 'object' && args !== null && !Array.isArray(args)
			? (args as { readonly [key: string]: Json })
			: undefined;
	} catch {
		// What two readers could read differently is not judged at all: it is refused.
		return undefined;
	}
}

type Judged =
	| { readonly effect: 'release'; readonly args: Json; readonly changed: boolean }
	| Extract<Guarded, { readonly effect: 'block' }>;

/** Steps 27 and 29 on every text in the arguments. */
function judgeArguments(args: Json, judge: (piece: Piece) => Guarded): Judged {
	const edits = new Map<string, string>();
	for (const { at, text, key } of textsOf(args)) {
		const guarded = judge(wholePiece(text, false));
		if (guarded.effect === 'block') return guarded;
		if (!key && guarded.text !== text) edits.set(at, guarded.text);
	}
	return { effect: 'release', args: withTexts(args, edits), changed: edits.size > 0 };
}

function toolOf(state: CallState, wireName: string): string | undefined {
	const offered = state.call.kind === 'model' ? state.call.offered_tools : [];
	const given =
		offered.find(({ wire_name }) => wire_name === wireName)?.name ??
		toolOfWireName(
			wireName,
			offered.map(({ name }) => name),
		);
	const { rules } = bound(state);
	return given === undefined && !rules.aliases.has(wireName) ? undefined : canonicalTool(rules, wireName, given ?? '');
}

function malformed(state: CallState, why: string): Finding {
	return finding(state, 'check_emissions', {
		code: 'emission_malformed',
		message: `The model asked for a tool in a way that cannot be judged. ${why}`,
	});
}

function failed(state: CallState, step: Step): Finding {
	const message = `The step ${step.name} could not do its work, so the output is withheld.`;
	return finding(state, step.name, { code: 'step_failed', message });
}
