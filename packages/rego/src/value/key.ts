import { Decimal, numberKey } from './number.ts';
import { isRegoObject, type RegoObject } from './object.ts';
import { isSet, type RegoSet } from './set.ts';
import type { PlainObject, Value } from './value.ts';
import { spendWritten } from './work.ts';

/** A primitive that stands for a value in a JS Map or Set. */
export type MapKey = string | number | bigint | boolean | null;

/**
 * The Map key of a value: two values have the same key exactly when they are equal. Strings, booleans, null, safe
 * integers and doubles are their own key, so the common cases allocate nothing.
 */
export function keyOf(v: Value): MapKey {
	switch (typeof v) {
		case 'string':
			// Texts that start with NUL are taken by composite values and long numbers.
			return v.charCodeAt(0) === 0 ? `\0s${v}` : v;
		case 'number':
			return Number.isSafeInteger(v) ? v : numberKey(v);
		case 'boolean':
			return v;
		case 'bigint':
			return numberKey(v);
		default:
			if (v === null) return null;
			return v instanceof Decimal ? numberKey(v) : `\0${spell(v)}`;
	}
}

/** A self-delimiting text of a value: equal texts for equal values only, so texts can be joined. */
function spell(v: Value): string {
	switch (typeof v) {
		case 'string':
			return `s${v.length}:${v}`;
		case 'boolean':
			return v ? 't' : 'f';
		case 'number':
		case 'bigint':
			return `#${spellNumber(numberKey(v))};`;
		default:
			break;
	}
	if (v === null) return 'z';
	if (v instanceof Decimal) return `#${spellNumber(numberKey(v))};`;
	if (Array.isArray(v)) {
		spendWritten(v.length);
		let text = `[${v.length}:`;
		for (const item of v as readonly Value[]) text += spell(item);
		return text;
	}
	if (isSet(v)) return spellSet(v);
	return isRegoObject(v) ? spellObject(v) : spellPlain(v as PlainObject);
}

function spellNumber(key: number | bigint | string): string {
	return typeof key === 'string' ? key.slice(2) : String(key);
}

function spellSet(set: RegoSet): string {
	set.spelling ??= `(${set.size}:${Array.from(set.members(), spell).sort().join('')}`;
	return set.spelling;
}

function spellObject(object: RegoObject): string {
	object.spelling ??= spellPairs(Array.from(object.pairs(), ([key, value]) => spell(key) + spell(value)));
	return object.spelling;
}

/**
 * What plain objects spell, remembered while one evaluation runs: its host may change an object, or what that holds,
 * before the next one.
 */
let plainSpellings: WeakMap<PlainObject, string> = new WeakMap();
let plainSpellingsUsed = false;

/** Forgets what plain objects spelt: called when an evaluation begins. */
export function forgetPlainSpellings(): void {
	if (!plainSpellingsUsed) return;
	plainSpellings = new WeakMap();
	plainSpellingsUsed = false;
}

function spellPlain(object: PlainObject): string {
	let text = plainSpellings.get(object);
	if (text === undefined) {
		const pairs: string[] = [];
		spendWritten(1);
		for (const key of Object.keys(object)) {
			const value = object[key];
			if (value !== undefined) pairs.push(spell(key) + spell(value));
		}
		text = spellPairs(pairs);
		plainSpellings.set(object, text);
		plainSpellingsUsed = true;
	}
	return text;
}

function spellPairs(pairs: string[]): string {
	return `{${pairs.length}:${pairs.sort().join('')}`;
}
