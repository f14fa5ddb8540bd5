import { TapPassError } from '@tappass/core';

/** A change of a JSON text: another value at a pointer, a value less, or one member more in the object at a pointer. */
export type JsonEdit =
	| { readonly at: string; readonly json: string }
	| { readonly at: string; readonly remove: true }
	| { readonly at: string; readonly member: string };

interface Wanted {
	json?: string;
	remove?: true;
	members: string[];
	readonly below: Map<string, Wanted>;
}

/**
 * Writes edits into a JSON text; every byte that no edit names stays as it was. The text must have passed `parseJson`:
 * no key twice, so that a pointer means one place.
 * @throws {TapPassError} internal: a pointer names nothing. An edit that is lost would let out what it was to hide.
 */
export function rewriteJson(text: string, edits: readonly JsonEdit[]): string {
	if (edits.length === 0) return text;
	const root = plan(edits);
	const scan = new Scanner(text, root.count);
	const out = scan.value(root.wanted);
	if (scan.pending !== 0) throw new TapPassError('internal', { detail: 'an edit found no place in the body' });
	return out + scan.rest();
}

function plan(edits: readonly JsonEdit[]): { readonly wanted: Wanted; readonly count: number } {
	const root: Wanted = { members: [], below: new Map() };
	for (const edit of edits) {
		let node = root;
		for (const part of pointerParts(edit.at)) {
			let next = node.below.get(part);
			if (next === undefined) {
				next = { members: [], below: new Map() };
				node.below.set(part, next);
			}
			node = next;
		}
		if ('json' in edit) node.json = edit.json;
		else if ('remove' in edit) node.remove = true;
		else node.members.push(edit.member);
	}
	return { wanted: root, count: countWanted(root) };
}

// Below a value that is replaced or removed there is nothing left to edit.
function countWanted(node: Wanted): number {
	if (node.json !== undefined || node.remove) return 1;
	let count = node.members.length > 0 ? 1 : 0;
	for (const below of node.below.values()) count += countWanted(below);
	return count;
}

/** The parts of a JSON pointer (RFC 6901). */
export function pointerParts(pointer: string): readonly string[] {
	if (pointer === '') return [];
	return pointer
		.slice(1)
		.split('/')
		.map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** Walks a text that is known to be JSON; only what an edit lies in is taken apart. */
class Scanner {
	readonly #text: string;
	#at = 0;
	/** Edits that have found no place yet. */
	pending: number;

	constructor(text: string, pending: number) {
		this.#text = text;
		this.pending = pending;
	}

	rest(): string {
		return this.#text.slice(this.#at);
	}

	value(wanted: Wanted): string {
		const lead = this.#space();
		const start = this.#at;
		if (wanted.json !== undefined) {
			this.#skip();
			this.pending -= 1;
			return lead + wanted.json;
		}
		const open = this.#text[start];
		if ((wanted.below.size === 0 && wanted.members.length === 0) || (open !== '{' && open !== '[')) {
			this.#skip();
			return lead + this.#text.slice(start, this.#at);
		}
		return lead + this.#container(wanted, open === '{');
	}

	#container(wanted: Wanted, isObject: boolean): string {
		const close = isObject ? '}' : ']';
		const kept: string[] = [];
		this.#at += 1;
		const empty = this.#space();
		for (let index = 0; this.#text[this.#at] !== close; index += 1) {
			if (index > 0) this.#at += 1;
			const piece = this.#piece(wanted, isObject, index, index === 0 ? empty : '');
			if (piece !== undefined) kept.push(piece);
		}
		this.#at += 1;
		if (wanted.members.length > 0 && isObject) {
			this.pending -= 1;
			kept.push(...wanted.members);
		}
		return (isObject ? '{' : '[') + (kept.length === 0 ? empty : kept.join(',')) + close;
	}

	/** One member or item with the space around it; undefined: it was removed. */
	#piece(wanted: Wanted, isObject: boolean, index: number, before: string): string | undefined {
		let lead = before + this.#space();
		let key = String(index);
		if (isObject) {
			const start = this.#at;
			this.#skipString();
			const literal = this.#text.slice(start, this.#at);
			key = literal.includes('\\') ? (JSON.parse(literal) as string) : literal.slice(1, -1);
			const gap = this.#space();
			this.#at += 1;
			lead += `${literal}${gap}:`;
		}
		const below = wanted.below.get(key);
		if (below?.remove) {
			this.#space();
			this.#skip();
			this.#space();
			this.pending -= 1;
			return undefined;
		}
		const value = below === undefined ? this.#raw() : this.value(below);
		return lead + value + this.#space();
	}

	#raw(): string {
		const start = this.#at;
		this.#space();
		this.#skip();
		return this.#text.slice(start, this.#at);
	}

	#space(): string {
		const start = this.#at;
		while (this.#at < this.#text.length && this.#text.charCodeAt(this.#at) <= 0x20) this.#at += 1;
		return start === this.#at ? '' : this.#text.slice(start, this.#at);
	}

	#skip(): void {
		const first = this.#text[this.#at];
		if (first === '"') this.#skipString();
		else if (first === '{' || first === '[') this.#skipContainer();
		else {
			scalarEnd.lastIndex = this.#at;
			this.#at = scalarEnd.test(this.#text) ? scalarEnd.lastIndex - 1 : this.#text.length;
		}
	}

	#skipString(): void {
		for (let end = this.#text.indexOf('"', this.#at + 1); ; end = this.#text.indexOf('"', end + 1)) {
			if (end === -1) throw new TapPassError('internal', { detail: 'a body that passed as JSON is none' });
			let slashes = 0;
			while (this.#text.charCodeAt(end - 1 - slashes) === 0x5c) slashes += 1;
			if (slashes % 2 === 1) continue;
			this.#at = end + 1;
			return;
		}
	}

	#skipContainer(): void {
		let depth = 0;
		do {
			structure.lastIndex = this.#at;
			if (!structure.test(this.#text))
				throw new TapPassError('internal', { detail: 'a body that passed as JSON is none' });
			const at = structure.lastIndex - 1;
			const found = this.#text[at];
			this.#at = at;
			if (found === '"') {
				this.#skipString();
				continue;
			}
			depth += found === '{' || found === '[' ? 1 : -1;
			this.#at += 1;
		} while (depth > 0);
	}
}

const scalarEnd = /[\s,\]}]/g;
const structure = /["{}[\]]/g;
