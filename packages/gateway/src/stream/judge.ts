import { type Json, TapPassError } from '@tappass/core';
import type { Denial, OutputGuard } from '../pipeline/admission.ts';
import { type Grammar, grammar } from './grammar.ts';
import { visitLeaves } from './leaves.ts';
import type { JsonEdit } from './rewrite-json.ts';

/** Asks the guard of one call, and keeps its first denial: after it nothing more is released. */
export class Judge {
	readonly #guard: OutputGuard;
	/** First halves of surrogate pairs whose second half has not come, by channel. */
	readonly #halves = new Map<string, string>();
	#names = 0;
	denial: Denial | undefined;

	constructor(guard: OutputGuard) {
		this.#guard = guard;
	}

	/**
	 * More text of a channel; what may go out now. Empty once there is a denial. Half a character waits for its other half.
	 * @throws {TapPassError} upstream_malformed: a half that belongs to none
	 */
	push(channel: string, delta: string): string {
		const text = this.#whole(channel, delta);
		return this.#settle(() => this.#guard.push(channel, text));
	}

	/**
	 * A channel is over, with what comes last; what was still held.
	 * @throws {TapPassError} upstream_malformed: it ended inside a character
	 */
	end(channel: string, last = ''): string {
		const text = this.#whole(channel, last);
		if (this.#halves.has(channel)) throw malformed('half a character');
		return this.#settle(() => this.#guard.end(channel, text));
	}

	#whole(channel: string, delta: string): string {
		const joined = (this.#halves.get(channel) ?? '') + delta;
		const half = /[\ud800-\udbff]$/.exec(joined)?.[0];
		const text = half === undefined ? joined : joined.slice(0, -1);
		if (!text.isWellFormed()) throw malformed('half a character');
		if (half === undefined) this.#halves.delete(channel);
		else this.#halves.set(channel, half);
		return text;
	}

	/** A text that is complete, judged as a channel of its own. */
	text(text: string): string {
		if (text === '') return '';
		this.#names += 1;
		const channel = `text.${this.#names}`;
		return this.end(channel, text);
	}

	/** A complete tool call; its arguments as they may go out, or undefined: denied. */
	async toolCall(wire_name: string, arguments_text: string): Promise<string | undefined> {
		if (this.denial !== undefined) return undefined;
		if (!wire_name.isWellFormed() || !arguments_text.isWellFormed()) throw malformed('half a character');
		const verdict = await this.#guard.emission({ wire_name, arguments_text });
		if (verdict.effect === 'release') return verdict.arguments_text;
		this.denial = verdict.denial;
		return undefined;
	}

	/** The name of a member, which cannot be written over. @throws {TapPassError} upstream_malformed: it would have to be */
	name(name: string): void {
		if (this.text(name) !== name && this.denial === undefined) throw malformed('a name that may not go out');
	}

	/** Every text below a value that the wire's reader does not look at otherwise, each judged on its own. */
	leaves(value: Json, at: string, edits: JsonEdit[], grammar: Grammar = none): void {
		visitLeaves(value, at, grammar, { text: ({ text }) => this.text(text), name: (name) => this.name(name) }, edits);
	}

	#settle(ask: () => ReturnType<OutputGuard['push']>): string {
		if (this.denial !== undefined) return '';
		const verdict = ask();
		if (verdict.effect === 'release') return verdict.text;
		this.denial = verdict.denial;
		return '';
	}
}

const none = grammar([], []);

/** What an upstream sent is not of its wire, so it cannot be judged. */
export function malformed(detail: string): TapPassError {
	return new TapPassError('upstream_malformed', { detail });
}
