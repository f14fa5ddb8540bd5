/** Writes cases down as JSON that needs nothing of this program, and reads them back. */
import { type Json, sha256Hex } from '@tappass/core';
import { encodeBase64 } from '../envelope/base64.ts';
import { type Decision, decide } from './decide.ts';
import { remaining } from './remaining.ts';
import { type Case, type Row, type Start, stateOf } from './rows.test.support.ts';

/** One file of `testdata/vectors`. */
export interface VectorFile {
	readonly schema: 'tappass.trust-vectors/1';
	readonly row: number;
	readonly words: string;
	/** SHA-256 of a `root.json` → its bytes, base64. */
	readonly roots: Readonly<Record<string, string>>;
	readonly cases: readonly Vector[];
}
export interface Vector {
	readonly name: string;
	readonly state: Omit<Start, 'root'> & { readonly root: string };
	/** What arrives, base64. */
	readonly bytes: string;
	/** `wall_ms` is null for a clock that cannot be read. */
	readonly now: { readonly wall_ms: number | null; readonly monotonic_ms: number };
	readonly want: Json;
}

/** The file of a row: what must come out is said by the table, what follows an acceptance by the decision. */
export function vectorFile({ row, words, cases }: Row): VectorFile {
	const roots = cases.map(({ start: { root } }) => [sha256Hex(root), encodeBase64(root)]);
	return {
		schema: 'tappass.trust-vectors/1',
		row,
		words,
		roots: Object.fromEntries(roots),
		cases: cases.map(vectorOf),
	};
}

function vectorOf({ name, start, bytes, now, want }: Case): Vector {
	const { root, ...state } = start;
	const decision = decide(stateOf(start), bytes, now);
	if (decision.accept !== want.accept) throw new Error(`${name}: the decision is not the one that is wanted`);
	return {
		name,
		state: { root: sha256Hex(root), ...state },
		bytes: encodeBase64(bytes),
		now: { ...now, wall_ms: Number.isNaN(now.wall_ms) ? null : now.wall_ms },
		want: outcome(decision, now),
	};
}

/** A decision as a vector says it. */
export function outcome(decision: Decision, now: Case['now']): Json {
	if (!decision.accept) {
		const { accept, code, alarm, quarantine, refresh_root } = decision;
		return { accept, code, alarm, quarantine, refresh_root };
	}
	const { kind, state } = decision;
	return {
		accept: true,
		kind,
		root_version: state.root.document.version,
		floor: state.floor as unknown as Json,
		remaining_ms: remaining(state, now),
	};
}

/** A vector → the case it was written from, but for what is wanted. */
export function caseOf(file: VectorFile, vector: Vector): Omit<Case, 'want'> {
	const { root, ...state } = vector.state;
	return {
		name: vector.name,
		start: { ...state, root: Buffer.from(file.roots[root]!, 'base64') },
		bytes: Buffer.from(vector.bytes, 'base64'),
		now: { ...vector.now, wall_ms: vector.now.wall_ms ?? Number.NaN },
	};
}
