import {
	compare,
	isArray,
	isObject,
	keyOf,
	type MapKey,
	objectEntries,
	parseJson,
	print,
	stringify,
	type Value,
} from '../value/index.ts';
import type { Case } from './cases.ts';

/** What an engine made of a case. */
export type Outcome =
	| { readonly kind: 'solutions'; readonly solutions: readonly ReadonlyMap<string, Value>[] }
	/** `text` is the whole error, `<module>:<row>: <code>: <message>`. */
	| { readonly kind: 'error'; readonly code: string; readonly text: string };

/** Why an outcome is wrong, or `undefined` when it is what the case wants. */
export function judge(wanted: Case, outcome: Outcome): string | undefined {
	// A case that wants an error may give a result as well, for engines that return partial ones: the error counts.
	if (wanted.wantErrorCode !== undefined || wanted.wantError !== undefined) return judgeError(wanted, outcome);
	if (outcome.kind === 'error') return `unexpected error: ${outcome.text}`;
	return judgeSolutions(wanted, outcome.solutions);
}

function judgeError({ wantErrorCode, wantError }: Case, outcome: Outcome): string | undefined {
	const wanted = [wantErrorCode, wantError].filter((part) => part !== undefined).join(': ');
	if (outcome.kind !== 'error') return `wanted error ${wanted}, got ${outcome.solutions.length} solutions`;
	const codeFits = wantErrorCode === undefined || outcome.code === wantErrorCode;
	const textFits = wantError === undefined || outcome.text.includes(wantError);
	return codeFits && textFits ? undefined : `wanted error ${wanted}, got ${outcome.text}`;
}

/** Result sets are equal as sets: neither order nor repetition counts. */
function judgeSolutions(wanted: Case, solutions: readonly ReadonlyMap<string, Value>[]): string | undefined {
	const want = (wanted.wantResult ?? []).map((bindings) => {
		if (!isObject(bindings)) throw new Error(`a wanted solution is not an object: ${print(bindings)}`);
		return normal(objectEntries(bindings), wanted);
	});
	const got = solutions.map((solution) => normal(solution, wanted));
	const wantKeys = keys(want);
	const gotKeys = keys(got);
	if (wantKeys.size === gotKeys.size && [...wantKeys].every((key) => gotKeys.has(key))) return undefined;
	return `wanted ${want.map(print).join(', ') || 'nothing'}, got ${got.map(print).join(', ') || 'nothing'}`;
}

function keys(solutions: readonly Value[]): ReadonlySet<MapKey> {
	return new Set(solutions.map(keyOf));
}

/** A solution as a JSON object with exact numbers, prepared as the case says. */
function normal(bindings: Iterable<readonly [Value, Value]>, wanted: Case): Value {
	const members = [...bindings]
		.filter(([name]) => !(wanted.ignoreGeneratedVars && typeof name === 'string' && name.startsWith('__localq')))
		.map(([name, value]): [string, Value] => {
			const json = parseJson(stringify(value));
			return [String(name), wanted.sortBindings && isArray(json) ? json.toSorted(compare) : json];
		});
	return Object.fromEntries(members);
}
