/** Checks of calls and `with`: does the function exist, is it offered, does the number of arguments fit. */
import type { Builtin } from '../builtins/builtin.ts';
import type { Diagnostic } from '../errors.ts';
import { any, printParameters, printTypes, type Type, typeOfValue, union, unknown } from '../types/index.ts';
import { keyOf, print } from '../value/index.ts';
import type { Callee, LBody, LCall, LExpr, LTerm, LWith, RuleNode } from './lowered.ts';
import { nearest } from './nearest.ts';
import { isRefused, refusalOf } from './refused.ts';
import { closuresOf } from './safety.ts';
import { findNode, printPath } from './tree.ts';

/** What calls are checked against. */
export interface CallSurroundings {
	readonly root: RuleNode;
	readonly builtins: ReadonlyMap<string, Builtin>;
	/** Builtins that exist but that this program may not call. */
	readonly unsafe: ReadonlySet<string>;
	/** Paths of all functions, for hints. */
	readonly functions: readonly string[];
}

/** Checks every call in a body and links calls to the functions they mean. */
export function checkCalls(body: LBody, at: CallSurroundings, errors: Diagnostic[]): void {
	for (const expr of body.exprs) checkExpr(expr, at, errors);
}

function checkExpr(expr: LExpr, at: CallSurroundings, errors: Diagnostic[]): void {
	for (const item of expr.with) checkWith(item, at, errors);
	if (expr.kind === 'call') checkCall(expr, at, errors);
	if (expr.kind === 'not' && !expr.closure) checkCalls(expr.body, at, errors);
	for (const closure of closuresOf(expr)) checkCalls(closure.body, at, errors);
}

function link(callee: Callee, root: RuleNode): void {
	if (callee.kind === 'function') callee.group = findNode(root, callee.path)?.function;
}

function checkCall(call: LCall, at: CallSurroundings, errors: Diagnostic[]): void {
	const { callee, loc } = call;
	link(callee, at.root);
	const error = (message: string, extra: Partial<Diagnostic> = {}): void => {
		errors.push({ code: 'rego_type_error', message, loc, ...extra });
	};
	const given = call.args.length;
	if (callee.kind === 'function') {
		const name = printPath(callee.path);
		if (callee.group === undefined) {
			if (findNode(at.root, callee.path)?.group !== undefined) {
				error(`function ${name} has arity 0, got ${given} argument${given === 1 ? '' : 's'}`);
				return;
			}
			error(`undefined function ${name}`, hint(nearest(name, at.functions)));
			return;
		}
		const arity = callee.group.rules[0]?.args?.length ?? callee.group.defaults[0]!.args!.length;
		if (given !== arity) {
			error(`function ${name} has arity ${arity}, got ${given} argument${given === 1 ? '' : 's'}`);
		}
		return;
	}
	const { name, builtin } = callee;
	if (builtin === undefined) {
		if (isRefused(name)) error(`undefined function ${name}`, { hint: refusalOf(name) });
		else error(`undefined function ${name}`, hint(nearestCallee(name, at)));
		return;
	}
	if (at.unsafe.has(name)) {
		error(`unsafe built-in function calls in expression: ${name}`);
		return;
	}
	if (builtin.decl.variadic !== undefined) return;
	const { args } = builtin.decl;
	if (given !== args.length) {
		const have = [...call.args, ...(call.output === undefined || call.generated ? [] : [call.output])];
		error(`${name}: arity mismatch`, {
			details: [`have: ${printTypes(have.map(roughType))}`, `want: ${printParameters(builtin.decl, true)}`],
		});
	}
}

/** The builtin or function with a name most like one written without a package. */
function nearestCallee(name: string, { builtins, functions }: CallSurroundings): string | undefined {
	const paths = new Map(functions.map((path) => [path.slice(path.lastIndexOf('.') + 1), path]));
	const near = nearest(name, [...builtins.keys(), ...paths.keys()]);
	return near === undefined || builtins.has(near) ? near : paths.get(near);
}

function hint(name: string | undefined): Partial<Diagnostic> {
	return name === undefined ? {} : { hint: `did you mean ${name}?` };
}

/** What can be said of an argument before types are inferred. */
function roughType(term: LTerm): Type {
	switch (term.kind) {
		case 'const':
			return typeOfValue(term.value);
		case 'ref':
			return typeof term.head === 'string' ? any : unknown;
		case 'array':
			return { type: 'array', static: term.items.map(roughType) };
		case 'set':
			return { type: 'set', of: term.items.map(roughType).reduce(union, unknown) };
		case 'comprehension':
			if (term.of === 'object') return { type: 'object', dynamic: { key: unknown, value: unknown } };
			return term.of === 'set' ? { type: 'set', of: unknown } : { type: 'array', dynamic: unknown };
		default:
			return term.kind === 'object' ? { type: 'object', dynamic: { key: any, value: any } } : unknown;
	}
}

/** Builtins that `with` may not replace. */
const fixed = new Set(['eq', 'rego.metadata.chain', 'rego.metadata.rule']);

function checkWith(item: LWith, at: CallSurroundings, errors: Diagnostic[]): void {
	const { target, value, loc } = item;
	const error = (message: string, code: Diagnostic['code'] = 'rego_compile_error'): void => {
		errors.push({ code, message, loc });
	};
	if (value.kind === 'builtin' || value.kind === 'function') link(value, at.root);
	if (target.kind === 'data') {
		let node: RuleNode | undefined = at.root;
		for (const operand of target.path.slice(0, -1)) {
			node = operand.kind === 'const' ? node?.children.get(keyOf(operand.value)) : undefined;
			if (node?.group !== undefined || node?.function !== undefined) {
				error('with keyword cannot partially replace virtual document(s)');
				return;
			}
		}
		return;
	}
	if (target.kind !== 'function') return;
	link(target.callee, at.root);
	if (target.callee.kind !== 'builtin') return;
	const { name, builtin } = target.callee;
	const replacing = 'with keyword replacing built-in function:';
	if (at.unsafe.has(name)) error(`${replacing} target must not be unsafe: ${print(name)}`);
	else if (fixed.has(name)) error(`${replacing} replacement of ${print(name)} invalid`);
	else if (name.startsWith('internal.')) error(`${replacing} replacement of internal function ${print(name)} invalid`);
	else if (name === 'walk') error(`${replacing} target must not be a relation`);
	else if (builtin?.decl.result === undefined) error(`${replacing} target must not be a void function`);
}
