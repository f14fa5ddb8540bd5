/**
 * Scans that only look for rows with one value in one field: `some row in rows; row.tool == input.tool`. The second time
 * an evaluation scans the same rows for the same field (a join, a grouping), and at once for rows that are frozen, they
 * are looked up. What is passed over would have failed the comparison that follows.
 */
import type { LExpr, LRef, LTerm, LVar } from '../compile/lowered.ts';
import { isNumber, isObject, isSet, keyOf, type MapKey, objectEntries, type Value } from '../value/index.ts';
import { type Coder, field, type Get, type Run, type Step } from './coder.ts';
import type { Machine } from './machine.ts';
import { containerGet, eachEntry } from './references.ts';

/** Smaller collections are scanned. */
const rowsMin = 16;

type Row = readonly [key: Value, value: Value];
type Index = ReadonlyMap<MapKey, readonly Row[]>;

/** What an evaluation knows of a collection it scans. */
export interface ScanState {
	scans: number;
	readonly indexes: Map<string, Index>;
}

/** The step for `value = container[key]` with a comparison of a field of `value` right behind it, if that is what it is. */
export function scanStep(coder: Coder, expr: LExpr, following: LExpr | undefined): Step | undefined {
	if (coder.exe.instrumented || expr.kind !== 'unify' || expr.with.length > 0 || following === undefined)
		return undefined;
	const { left, right } = expr;
	if (left.kind !== 'var' || coder.isBound(left.local) || right.kind !== 'ref') return undefined;
	const last = right.path[right.path.length - 1];
	if (last?.kind !== 'var' || coder.isBound(last.local) || last.local === left.local) return undefined;
	const container: LRef = { ...right, path: right.path.slice(0, -1) };
	if (!coder.isGround(container)) return undefined;
	const wanted = comparisonWith(coder, following, left);
	const getContainer = wanted === undefined ? undefined : containerGet(coder, container);
	if (wanted === undefined || getContainer === undefined) return undefined;
	const { path, getKey } = wanted;
	const name = JSON.stringify(path);
	const [keySlot, valueSlot] = [last.local.slot, left.local.slot];
	coder.bound.add(last.local);
	coder.bound.add(left.local);
	const many = (next: Run): Run => {
		const scan = eachEntry(
			(_m, f, key) => {
				f[keySlot] = key;
				return true;
			},
			(m, f, value) => {
				f[valueSlot] = value;
				return next(m, f);
			},
		);
		return (m, f) => {
			const rows = getContainer(m, f);
			if (rows === undefined) return false;
			const key = getKey(m, f);
			if (key === undefined) return false;
			const index = isPlain(key) ? indexOf(m, rows, path, name) : undefined;
			if (index === undefined) return scan(m, f, rows);
			const mark = m.trailLength;
			for (const [rowKey, row] of index.get(keyOf(key)) ?? []) {
				m.tick();
				m.trailLength = mark;
				f[keySlot] = rowKey;
				f[valueSlot] = row;
				if (next(m, f)) return true;
			}
			return false;
		};
	};
	return { many };
}

/** The field of `row` that an expression compares, and what with: something known before the scan. */
function comparisonWith(
	coder: Coder,
	expr: LExpr,
	row: LVar,
): { readonly path: readonly string[]; readonly getKey: Get } | undefined {
	if (expr.with.length > 0) return undefined;
	let sides: readonly [LTerm, LTerm];
	if (expr.kind === 'unify') sides = [expr.left, expr.right];
	else if (expr.kind === 'call' && expr.callee.kind === 'builtin' && expr.callee.name === 'equal') {
		if (expr.output !== undefined || coder.exe.mocked.has('equal')) return undefined;
		sides = [expr.args[0]!, expr.args[1]!];
	} else return undefined;
	for (const [a, b] of [sides, [sides[1], sides[0]] as const]) {
		if (a.kind !== 'ref' || typeof a.head === 'string' || a.head.local !== row.local) continue;
		const path = constantPath(a);
		// Only what costs nothing and cannot fail is read once instead of once a row.
		const known =
			b.kind === 'const' ||
			(b.kind === 'var' && coder.isBound(b.local)) ||
			(b.kind === 'ref' && b.head !== 'data' && coder.isGround(b) && constantPath(b) !== undefined);
		if (path !== undefined && path.length > 0 && known) return { path, getKey: coder.get(b) };
	}
	return undefined;
}

function constantPath(ref: LRef): readonly string[] | undefined {
	const path: string[] = [];
	for (const operand of ref.path) {
		if (operand.kind !== 'const' || typeof operand.value !== 'string') return undefined;
		path.push(operand.value);
	}
	return path;
}

function isPlain(value: Value): boolean {
	return typeof value !== 'object' || value === null || isNumber(value);
}

/** Indexes of frozen collections, which cannot change. */
const frozenIndexes = new WeakMap<object, Map<string, Index | undefined>>();

function indexOf(m: Machine, rows: Value, path: readonly string[], name: string): Index | undefined {
	if (typeof rows !== 'object' || rows === null || !isLarge(rows)) return undefined;
	if (Object.isFrozen(rows) && !isSet(rows)) {
		let indexes = frozenIndexes.get(rows);
		if (indexes === undefined) {
			indexes = new Map();
			frozenIndexes.set(rows, indexes);
		}
		if (!indexes.has(name)) indexes.set(name, build(m, rows, path, true));
		const index = indexes.get(name);
		if (index !== undefined) return index;
	}
	let state = m.scans.get(rows);
	if (state === undefined) {
		state = { scans: 0, indexes: new Map() };
		m.scans.set(rows, state);
	}
	let index = state.indexes.get(name);
	if (index === undefined && state.scans++ > 0) {
		index = build(m, rows, path, false)!;
		state.indexes.set(name, index);
	}
	return index;
}

function isLarge(rows: Value): boolean {
	if (Array.isArray(rows)) return rows.length >= rowsMin;
	if (isSet(rows)) return rows.size >= rowsMin;
	return isObject(rows) && objectEntries(rows).length >= rowsMin;
}

/** Rows by the value of the field; undefined when only frozen ones are wanted and some part on the way is not. */
function build(m: Machine, rows: Value, path: readonly string[], frozen: boolean): Index | undefined {
	const index = new Map<MapKey, Row[]>();
	const all: readonly Row[] = Array.isArray(rows)
		? rows.map((row, i) => [i, row as Value] as const)
		: isSet(rows)
			? rows.values().map((row) => [row, row] as const)
			: isObject(rows)
				? objectEntries(rows)
				: [];
	// An index that is kept costs no evaluation anything, or the first one would have fewer steps than the next.
	if (!frozen) m.spend(all.length);
	for (const row of all) {
		let value: Value | undefined = row[1];
		for (const key of path) {
			if (frozen && !Object.isFrozen(value)) return undefined;
			value = value === undefined ? undefined : field(value, key);
		}
		// Rows without a plain value there can only equal a composite one, and those are not looked up here.
		if (value === undefined || !isPlain(value)) continue;
		const id = keyOf(value);
		const same = index.get(id);
		if (same === undefined) index.set(id, [row]);
		else same.push(row);
	}
	return index;
}
