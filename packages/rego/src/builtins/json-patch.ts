import { any, array, named, record, string } from '../types/type.ts';
import {
	equal,
	isArray,
	isNumber,
	isObject,
	isSet,
	lookup,
	ObjectBuilder,
	objectEntries,
	objectGet,
	objectSize,
	RegoSet,
	type Value,
} from '../value/index.ts';
import { type Builtin, type BuiltinContext, BuiltinTypeError } from './builtin.ts';
import { define } from './declare.ts';
import { pathSteps } from './json-paths.ts';
import { arrayOperand, isInt64, operand } from './operands.ts';

/** `json.patch`: RFC 6902, extended to sets, whose members are their own paths. */
export const jsonPatchBuiltins: readonly Builtin[] = [
	define(
		'json.patch',
		'The document after all patches, as RFC 6902 has it; undefined when any of them does not apply.',
		[
			named('object', any, 'the object to patch'),
			named('patches', array(record({ op: string, path: any }, { key: any, value: any })), 'the JSON patches to apply'),
		],
		named('output', any, 'result obtained after consecutively applying all patch operations in `patches`'),
		(args, context) => {
			try {
				return patchAll(operand(args, 1), arrayOperand(args, 2), context);
			} catch (error) {
				// As in OPA, a patch that does not apply is no error: the call just has no result.
				if (error instanceof DoesNotApply) return undefined;
				throw error;
			}
		},
		{ categories: ['object'] },
	),
];

class DoesNotApply extends Error {
	override readonly name = 'DoesNotApply';
}

/** Undefined after the root itself was removed. */
type Document = Value | undefined;

function patchAll(document: Value, patches: readonly Value[], context: BuiltinContext): Document {
	let current: Document = document;
	for (const patch of patches) {
		context.spend(1);
		current = apply(current, patch, context);
	}
	return current;
}

function apply(document: Document, patch: Value, context: BuiltinContext): Document {
	const operation = attribute(patch, 'op');
	const path = stepsOf(attribute(patch, 'path'));
	switch (operation) {
		case 'add':
			return insert(document, path, attribute(patch, 'value'), context);
		case 'remove':
			return remove(document, path, context);
		case 'replace':
			return insert(remove(document, path, context), path, attribute(patch, 'value'), context);
		case 'move': {
			const from = stepsOf(attribute(patch, 'from'));
			return insert(remove(document, from, context), path, find(document, from), context);
		}
		case 'copy':
			return insert(document, path, find(document, stepsOf(attribute(patch, 'from'))), context);
		case 'test':
			if (!equal(find(document, path), attribute(patch, 'value'))) throw new DoesNotApply('test failed');
			return document;
		default:
			throw new DoesNotApply('unrecognized op');
	}
}

function attribute(patch: Value, name: string): Value {
	const value = isObject(patch) ? objectGet(patch, name) : undefined;
	if (value === undefined) throw new DoesNotApply(`missing '${name}' attribute`);
	return value;
}

function stepsOf(path: Value): readonly Value[] {
	try {
		return pathSteps(path);
	} catch (error) {
		if (error instanceof BuiltinTypeError) throw new DoesNotApply(error.message, { cause: error });
		throw error;
	}
}

function find(document: Document, path: readonly Value[]): Value {
	let value = document;
	for (const step of path)
		value = isArray(value ?? null) ? lookup(value!, indexOf(value as readonly Value[], step)) : lookupIn(value, step);
	if (value === undefined) throw new DoesNotApply('path does not exist');
	return value;
}

function lookupIn(value: Document, step: Value): Document {
	return value === undefined ? undefined : lookup(value, step);
}

function insert(document: Document, path: readonly Value[], value: Value, context: BuiltinContext): Document {
	return edit(document, path, context, (parent, step) => {
		if (step === undefined) return value;
		if (isObject(parent)) return withKey(parent, step, value);
		if (isSet(parent)) {
			if (!equal(step, value)) throw new DoesNotApply('set key does not equal value');
			return RegoSet.of([...parent.members(), value]);
		}
		if (!isArray(parent)) throw new DoesNotApply('expected composite type');
		const index = indexOf(parent, step);
		if (index < 0 || index > parent.length) throw new DoesNotApply('index out of bounds');
		return parent.toSpliced(index, 0, value);
	});
}

function remove(document: Document, path: readonly Value[], context: BuiltinContext): Document {
	return edit(document, path, context, (parent, step) => {
		if (step === undefined) return undefined;
		find(parent, [step]);
		if (isObject(parent)) return withoutKey(parent, step);
		if (isSet(parent)) return RegoSet.of(parent.values().filter((member) => !equal(member, step)));
		return (parent as readonly Value[]).toSpliced(indexOf(parent as readonly Value[], step), 1);
	});
}

/** Every container on the way is copied. */
function copySteps(container: Value): number {
	if (isArray(container)) return 1 + (container.length >> 6);
	return 1 + (isSet(container) ? container.size : isObject(container) ? objectSize(container) : 0);
}

type Edit = (parent: Value, step: Value | undefined) => Document;

/** Rebuilds the way down `path`, with `change` at its end; `step` is undefined for the root. */
function edit(document: Document, path: readonly Value[], context: BuiltinContext, change: Edit): Document {
	const [step, ...rest] = path;
	if (step === undefined) return change(document ?? null, undefined);
	if (document === undefined) throw new DoesNotApply('deleted node');
	context.spend(copySteps(document));
	if (rest.length === 0) return change(document, step);
	const child = edit(find(document, [step]), rest, context, change)!;
	if (isObject(document)) return withKey(document, step, child);
	if (isSet(document)) {
		return RegoSet.of([...document.values().filter((member) => !equal(member, step)), child]);
	}
	const array = document as readonly Value[];
	return array.with(indexOf(array, step), child);
}

function withKey(object: Parameters<typeof objectEntries>[0], key: Value, value: Value): Value {
	const builder = new ObjectBuilder();
	for (const [held, member] of objectEntries(object)) builder.set(held, member);
	builder.set(key, value);
	return builder.build();
}

function withoutKey(object: Parameters<typeof objectEntries>[0], key: Value): Value {
	const builder = new ObjectBuilder();
	for (const [held, member] of objectEntries(object)) if (!equal(held, key)) builder.set(held, member);
	return builder.build();
}

/** A position in an array: an integer, its text without leading zeros, or `-` for the end. */
function indexOf(array: readonly Value[], step: Value): number {
	if (isNumber(step) && isInt64(step)) return Number(step);
	if (step === '-') return array.length;
	if (typeof step === 'string' && /^(?:0|[+-]?[1-9][0-9]*)$/.test(step)) return Number(step);
	throw new DoesNotApply('not an array index');
}
