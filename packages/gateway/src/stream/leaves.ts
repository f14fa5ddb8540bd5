import type { Json } from '@tappass/core';
import { longNumber, plainName } from '../pipeline/json-texts.ts';
import { type Grammar, isWord } from './grammar.ts';
import { escapePart, isList, isRecord } from './json-value.ts';
import type { JsonEdit } from './rewrite-json.ts';

/** A text below a value. */
export interface Leaf {
	readonly text: string;
	/** JSON pointer. */
	readonly at: string;
	/** The same, but that an entry of a list goes by the index it states. */
	readonly run: string;
	/** Name of the member that it is, or stands in a list of. */
	readonly key: string;
}

/** Who makes of a text what may go out, and hears of names, which cannot be written over. */
export interface LeafVisitor {
	readonly text: (leaf: Leaf) => string;
	readonly name: (name: string) => void;
}

/** Shows every text below a value to a visitor, long numbers among them; edits where it answers another text. */
export function visitLeaves(value: Json, at: string, grammar: Grammar, visitor: LeafVisitor, edits: JsonEdit[]): void {
	if (isRecord(value)) walkRecord(value, { at, run: '', key: '' }, grammar, visitor, edits, grammar.apart);
	else walk(value, { at, run: '', key: '' }, grammar, visitor, edits);
}

type Place = Omit<Leaf, 'text'>;

function walk(value: Json, place: Place, grammar: Grammar, visitor: LeafVisitor, edits: JsonEdit[]): void {
	if (isList(value)) {
		for (let position = 0; position < value.length; position += 1) {
			const item = value[position]!;
			const run = `${place.run}/${indexOf(item, position)}`;
			walk(item, { at: `${place.at}/${position}`, run, key: place.key }, grammar, visitor, edits);
		}
	} else if (isRecord(value)) walkRecord(value, place, grammar, visitor, edits, none);
	else {
		const text = textOf(value);
		const released = text === '' ? text : visitor.text({ ...place, text });
		if (released !== text) edits.push({ at: place.at, json: JSON.stringify(released) });
	}
}

const none: ReadonlySet<string> = new Set();

function walkRecord(
	value: { readonly [key: string]: Json },
	{ at, run }: Place,
	grammar: Grammar,
	visitor: LeafVisitor,
	edits: JsonEdit[],
	apart: ReadonlySet<string>,
): void {
	// In the way of each event of a stream: nothing is made for what passes.
	for (const name of Object.keys(value)) {
		if (apart.has(name)) continue;
		const below = value[name]!;
		if (typeof below === 'string' && isWord(grammar, name, below, value)) continue;
		if (!plainName.test(name)) visitor.name(name);
		if (typeof below !== 'string' && typeof below !== 'object' && textOf(below) === '') continue;
		if (below === null || below === '') continue;
		const part = `/${escapePart(name)}`;
		walk(below, { at: at + part, run: run + part, key: name }, grammar, visitor, edits);
	}
}

function textOf(value: Json): string {
	if (typeof value === 'string') return value;
	return typeof value === 'number' && Math.abs(value) >= longNumber ? String(value) : '';
}

function indexOf(item: Json, position: number): number {
	const index = isRecord(item) ? item['index'] : undefined;
	return typeof index === 'number' ? index : position;
}
