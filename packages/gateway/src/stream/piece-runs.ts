import type { Json } from '@tappass/core';
import { longNumber } from '../pipeline/json-texts.ts';
import { type Grammar, isWord } from './grammar.ts';
import { isList, isRecord } from './json-value.ts';
import type { Judge } from './judge.ts';
import { visitLeaves } from './leaves.ts';
import { type JsonEdit, pointerParts } from './rewrite-json.ts';

interface Run {
	readonly channel: string;
	/** The value that brought the latest piece, and where in it the piece stood. */
	value: Json;
	at: string;
	grammar: Grammar;
}

/** Names under which text comes in pieces, wherever below a delta they stand. */
const pieceNames: ReadonlySet<string> = new Set([
	'text',
	'content',
	'summary',
	'thinking',
	'reasoning',
	'reasoning_content',
	'refusal',
	'delta',
]);

/** Texts in pieces that stand below a delta, or in one of a kind that came later: each place is a run of its own. */
export class PieceRuns {
	readonly #judge: Judge;
	readonly #runs = new Map<string, Map<string, Run>>();

	constructor(judge: Judge) {
		this.#judge = judge;
	}

	/**
	 * Judges what came under an owner: pieces as more of their runs, every other text by itself.
	 * @param more names of members that hold pieces as well
	 */
	push(
		owner: string,
		value: Json,
		at: string,
		edits: JsonEdit[],
		grammar: Grammar,
		more: (key: string) => boolean = () => false,
	): void {
		const runs = this.#runs.get(owner) ?? new Map<string, Run>();
		this.#runs.set(owner, runs);
		const judge = this.#judge;
		visitLeaves(
			value,
			at,
			grammar,
			{
				name: (name) => judge.name(name),
				text: (leaf) => {
					if (!pieceNames.has(leaf.key) && !more(leaf.key)) return judge.text(leaf.text);
					const place = leaf.at.slice(at.length);
					const run = runs.get(leaf.run) ?? { channel: `runs.${owner}${leaf.run}`, value, at: place, grammar };
					Object.assign(run, { value, at: place, grammar });
					runs.set(leaf.run, run);
					return judge.push(run.channel, leaf.text);
				},
			},
			edits,
		);
	}

	/** Ends the runs of an owner; what was still held of each, as a value that brings nothing else. */
	end(owner: string): readonly Json[] {
		const runs = [...(this.#runs.get(owner)?.values() ?? [])];
		this.#runs.delete(owner);
		return runs.flatMap(({ channel, value, at, grammar }) => {
			const tail = this.#judge.end(channel);
			return tail === '' ? [] : [only(value, pointerParts(at), tail, grammar)];
		});
	}

	/** Owners that were not ended. */
	owners(): readonly string[] {
		return [...this.#runs.keys()];
	}
}

/** A value reduced to what leads to one place in it, and to the wire's own words on the way. */
function only(value: Json, parts: readonly string[], text: string, grammar: Grammar): Json {
	const [part, ...rest] = parts;
	if (part === undefined) return text;
	if (isList(value)) return [only(value[Number(part)]!, rest, text, grammar)];
	if (!isRecord(value)) return text;
	const words = Object.entries(value).filter(
		([key, one]) =>
			key !== part &&
			(typeof one === 'string'
				? isWord(grammar, key, one, value)
				: typeof one === 'number' && Math.abs(one) < longNumber),
	);
	return { ...Object.fromEntries(words), [part]: only(value[part]!, rest, text, grammar) };
}
