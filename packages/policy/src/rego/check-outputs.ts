import type { Check, Diagnostic, LProgram, LRule } from '@tappass/rego';
import type { z } from 'zod';
import { nameHint } from '../author/nearest.ts';
import { policyOutputSchema } from './contract.ts';
import { walkRule } from './lowered-walk.ts';

/**
 * Refuses rules that make a document nobody reads: a key that is not part of the contract. A name of one's own is fine when
 * another rule reads it, or when it begins with an underscore. Works on rule heads, so that a misspelt rule is found also
 * when it does not hold today.
 * @param known documents that may stand at the top, each with its keys
 */
export function checkOutputs(known: OutputTree): Check {
	return (program) => {
		const read = namesRead(program);
		return program.rules.flatMap((rule) => {
			const head = headOf(rule);
			if (head === undefined || rule.module.file.endsWith('_test.rego')) return [];
			const [name] = head;
			if (name === undefined || name.startsWith('_')) return [];
			const tree = known.keys?.[name];
			if (tree === undefined && read.has(name)) return [];
			return unknownKey(head, known, rule);
		});
	};
}

/** Which keys a document has: `keys` of a closed one, `any` below a map, neither for a leaf. */
export interface OutputTree {
	readonly keys?: Readonly<Record<string, OutputTree>>;
	readonly any?: OutputTree;
}

/** The tree of the contract of `tappass.policy`, read off its schema. */
export const policyOutputs: OutputTree = treeOf(policyOutputSchema);

function treeOf(schema: z.ZodType): OutputTree {
	const def = schema.def as unknown as {
		readonly type: string;
		readonly innerType?: z.ZodType;
		readonly shape?: Readonly<Record<string, z.ZodType>>;
		readonly valueType?: z.ZodType;
	};
	if (def.innerType !== undefined) return treeOf(def.innerType);
	if (def.shape !== undefined)
		return { keys: Object.fromEntries(Object.entries(def.shape).map(([key, inner]) => [key, treeOf(inner)])) };
	return def.valueType === undefined ? {} : { any: treeOf(def.valueType) };
}

// The constant keys of a rule's document below its package; undefined for a function, which is no document.
function headOf(rule: LRule): readonly string[] | undefined {
	if (rule.args !== undefined) return undefined;
	const keys: string[] = [];
	for (const part of rule.path.slice(2)) {
		if (part.kind !== 'const' || typeof part.value !== 'string') break;
		keys.push(part.value);
	}
	return keys;
}

function unknownKey(head: readonly string[], known: OutputTree, rule: LRule): readonly Diagnostic[] {
	let tree = known;
	for (const [position, key] of head.entries()) {
		const next = tree.keys === undefined ? tree.any : Object.hasOwn(tree.keys, key) ? tree.keys[key] : undefined;
		if (next === undefined) {
			const where = head.slice(0, position).join('.');
			const hint = tree.keys === undefined ? undefined : nameHint(key, Object.keys(tree.keys));
			return [
				{
					code: 'rego_compile_error',
					message: `${[...head.slice(0, position), key].join('.')} is not part of the contract${where === '' ? ' and no rule reads it' : ` of ${where}`}`,
					loc: rule.loc,
					...(hint === undefined ? {} : { hint }),
				},
			];
		}
		tree = next;
	}
	return [];
}

// First names below the package that some rule reads.
function namesRead(program: LProgram): ReadonlySet<string> {
	const found = new Set<string>();
	for (const rule of program.rules) {
		const own = rule.path[2];
		walkRule(rule, {
			ref: ({ head, path }) => {
				if (head !== 'data') return;
				const [, , name] = path;
				// A whole package read at once reads everything in it.
				if (name?.kind !== 'const' || typeof name.value !== 'string') return;
				if (own?.kind === 'const' && own.value === name.value) return;
				found.add(name.value);
			},
			call: () => {},
		});
	}
	return found;
}
