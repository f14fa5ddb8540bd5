import { type BecauseTrail, type Diagnostic, jsonPointer, printTrail } from '@tappass/core';
import { nameHint } from '../author/nearest.ts';
import type { CompileResult } from '../compile-policy.ts';
import type { Refused } from '../request.ts';

type Explained = Pick<CompileResult, 'compiled_policy' | 'effective_pipeline' | 'because'>;

/**
 * Why a value is what it is. The pointer leads into what compile prints (`/compiled_policy/tools/allow/0`), into the Compiled
 * Policy or the effective pipeline alone (`/budget/tokens_per_day`, `/steps/detect_pii`); entries of lists by place or by
 * value. A pointer to a whole object or list gives the trail of everything in it.
 */
export function explain(compiled: Explained, pointer: string): readonly BecauseTrail[] | Refused {
	const { because } = compiled;
	const path = pathOf(pointer);
	if (path === undefined) return unknownPointer(pointer, 'a JSON pointer begins with /', undefined);
	const byValue = followed(path, compiled);
	for (const candidate of [path, byValue]) {
		if (candidate === undefined) continue;
		const found = because[jsonPointer(candidate)];
		if (found !== undefined) return [found];
	}
	const within = Object.values(because).filter((trail) => trail.path.startsWith(`${jsonPointer(path)}/`));
	if (within.length > 0) return within;
	// A part of a value that has one reason as a whole, such as the action of a step.
	for (let length = (byValue ?? path).length - 1; length > 1; length -= 1) {
		const found = because[jsonPointer((byValue ?? path).slice(0, length))];
		if (found !== undefined && byValue !== undefined) return [found];
	}
	return unknownPointer(
		pointer,
		'there is no value at this pointer',
		nameHint(jsonPointer(path), Object.keys(because)),
	);
}

/** Trails as people read them, a blank line between two. */
export function printExplained(trails: readonly BecauseTrail[]): string {
	return trails.map(printTrail).join('\n\n');
}

function unknownPointer(pointer: string, message: string, hint: string | undefined): Refused {
	const diagnostic: Diagnostic = {
		code: 'not_found',
		path: pointer,
		message,
		hint: hint ?? 'try /steps/detect_pii, /tools/allow or /budget/tokens_per_day',
	};
	return { diagnostics: [diagnostic] };
}

function pathOf(pointer: string): readonly string[] | undefined {
	if (!pointer.startsWith('/')) return undefined;
	const parts = pointer
		.slice(1)
		.split('/')
		.map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
	const [first, second] = parts;
	if (first === 'compiled_policy' || first === 'effective_pipeline') return parts.slice(1);
	// As it is written in Rego.
	return first === 'pipeline' && second === 'steps' ? parts.slice(1) : parts;
}

// The path with places in lists replaced by what stands there; undefined when it leads nowhere.
function followed(path: readonly string[], compiled: Explained): readonly string[] | undefined {
	for (const root of [compiled.compiled_policy, compiled.effective_pipeline] as readonly unknown[]) {
		const found: string[] = [];
		let value: unknown = root;
		for (const part of path) {
			const inner: unknown =
				typeof value === 'object' && value !== null && Object.hasOwn(value, part)
					? (value as Readonly<Record<string, unknown>>)[part]
					: undefined;
			if (inner === undefined) {
				value = undefined;
				break;
			}
			const id = Array.isArray(value) && typeof inner === 'object' ? (inner as { readonly id?: string }).id : undefined;
			found.push(Array.isArray(value) ? (typeof inner === 'string' ? inner : (id ?? part)) : part);
			value = inner;
		}
		if (value !== undefined) return found;
	}
	return undefined;
}
