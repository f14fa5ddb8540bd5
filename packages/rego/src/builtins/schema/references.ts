import { isArray, isObject, type ObjectValue, objectEntries, objectGet, type Value } from '../../value/index.ts';
import { SchemaError } from './messages.ts';

/** Where a `$ref` leads, and what further relative references there are resolved against. */
export interface Target {
	readonly node: Value;
	readonly base: string;
}

/** The nodes of one schema document by their ids. References to anything outside are refused, never fetched. */
export class References {
	readonly #root: Value;
	readonly #idKeywords: readonly string[];
	readonly #byId: Map<string, Target> = new Map();

	constructor(root: Value, idKeywords: readonly string[]) {
		this.#root = root;
		this.#idKeywords = idKeywords;
		this.#collect(root, '', 0);
	}

	/** The base within `node`: its own id, or the one around it. */
	baseOf(node: ObjectValue, outer: string): string {
		for (const keyword of this.#idKeywords) {
			const id = objectGet(node, keyword);
			if (typeof id === 'string') return absolute(id, outer);
		}
		return outer;
	}

	/** @throws {SchemaError} for a reference that leads nowhere or out of the document */
	resolve(ref: string, base: string): Target {
		const full = absolute(ref, base);
		const named = this.#byId.get(full);
		if (named !== undefined) return named;
		const hash = full.indexOf('#');
		const document = hash < 0 ? full : full.slice(0, hash);
		const fragment = hash < 0 ? '' : full.slice(hash + 1);
		const target = document === '' ? { node: this.#root, base: '' } : this.#byId.get(document);
		if (target === undefined) throw new SchemaError(`remote reference loading disabled: ${document}`);
		return this.#walk(target, fragment);
	}

	#walk(start: Target, fragment: string): Target {
		if (fragment === '') return start;
		if (!fragment.startsWith('/')) throw new SchemaError(`Object has no key '${fragment}'`);
		let { node, base } = start;
		for (const step of fragment.slice(1).split('/')) {
			const key = decoded(step).replaceAll('~1', '/').replaceAll('~0', '~');
			const next = child(node, key);
			if (next === undefined) throw new SchemaError(`Object has no key '${key}'`);
			node = next;
			if (isObject(node)) base = this.baseOf(node, base);
		}
		return { node, base };
	}

	#collect(node: Value, outer: string, depth: number): void {
		// Deeper nodes are refused when they are compiled.
		if (depth > 1024) return;
		if (isArray(node)) {
			for (const item of node) this.#collect(item, outer, depth + 1);
			return;
		}
		if (!isObject(node)) return;
		const base = this.baseOf(node, outer);
		if (base !== outer || depth === 0) {
			const key = base.endsWith('#') ? base.slice(0, -1) : base;
			if (!this.#byId.has(key)) this.#byId.set(key, { node, base });
		}
		for (const [, value] of objectEntries(node)) this.#collect(value, base, depth + 1);
	}
}

/** `ref` against `base`, as far as schemas need it: whole URLs, fragments, and names beside the base. */
function absolute(ref: string, base: string): string {
	const [document = ''] = base.split('#');
	const full = resolveName(ref, document);
	return full.endsWith('#') ? full.slice(0, -1) : full;
}

function resolveName(ref: string, document: string): string {
	if (/^[a-zA-Z][a-zA-Z0-9+.-]*:/.test(ref) || document === '') return ref;
	if (ref === '' || ref.startsWith('#')) return document + ref;
	const origin = /^([a-zA-Z][a-zA-Z0-9+.-]*:\/\/[^/]*)(.*)$/.exec(document);
	if (ref.startsWith('/')) return (origin?.[1] ?? '') + ref;
	return document.slice(0, document.lastIndexOf('/') + 1) + ref;
}

function child(node: Value, key: string): Value | undefined {
	if (isObject(node)) return objectGet(node, key);
	return isArray(node) && /^(?:0|[1-9][0-9]*)$/.test(key) ? node[Number(key)] : undefined;
}

function decoded(step: string): string {
	try {
		return decodeURIComponent(step);
	} catch {
		// A stray `%` stands for itself.
		return step;
	}
}
