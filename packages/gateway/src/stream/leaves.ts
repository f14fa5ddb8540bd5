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
	const walk = (inner: Json, place: string, run: string, key: string): void => {
		if (isList(inner)) {
			for (const [position, item] of inner.entries())
				walk(item, `${place}/${position}`, `${run}/${indexOf(item, position)}`, key);
		} else if (isRecord(inner)) {
			for (const [name, below] of Object.entries(inner)) {
				if (inner === value && grammar.apart.has(name)) continue;
				if (!plainName.test(name)) visitor.name(name);
				if (typeof below === 'string' && isWord(grammar, name, below, inner)) continue;
				const part = `/${escapePart(name)}`;
				walk(below, place + part, run + part, name);
			}
		} else {
			const text = textOf(inner);
			if (text === '') return;
			const released = visitor.text({ text, at: place, run, key });
			if (released !== text) edits.push({ at: place, json: JSON.stringify(released) });
		}
	};
	walk(value, at, '', '');
}

function textOf(value: Json): string {
	if (typeof value === 'string') return value;
	return typeof value === 'number' && Math.abs(value) >= longNumber ? String(value) : '';
}

function indexOf(item: Json, position: number): number {
	const index = isRecord(item) ? item['index'] : undefined;
	return typeof index === 'number' ? index : position;
}
