/** Lowered terms as the author would write them: generated variables stand for what made them. */
import type { Callee, LBody, LCall, LExpr, Local, LTerm } from '../compile/lowered.ts';
import { closuresOf } from '../compile/safety.ts';
import { printPath } from '../compile/tree.ts';
import { print } from '../value/index.ts';

/** Gives the text of a term. */
export type TermPrinter = (term: LTerm) => string;

type Reference = Extract<LTerm, { kind: 'ref' }>;

const identifier = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** A printer for the terms of one rule or query. */
export function termPrinter(body: LBody): TermPrinter {
	let origins: Map<Local, LExpr> | undefined;
	const originOf = (local: Local): LExpr | undefined => {
		if (origins === undefined) {
			origins = new Map();
			collectOrigins(body, origins);
		}
		return origins.get(local);
	};
	const printer: TermPrinter = (term) => printTerm(term, printer, originOf);
	return printer;
}

/** The text of a reference up to, and without, its operand `i`. */
export function printPrefix(ref: Reference, i: number, printer: TermPrinter): string {
	return printer({ ...ref, path: ref.path.slice(0, i) });
}

function collectOrigins(body: LBody, into: Map<Local, LExpr>): void {
	for (const expr of body.exprs) {
		if (expr.kind === 'call' && expr.output?.kind === 'var' && expr.output.local.generated) {
			into.set(expr.output.local, expr);
		} else if (expr.kind === 'unify' && expr.generated && expr.left.kind === 'var' && expr.left.local.generated) {
			into.set(expr.left.local, expr);
		}
		if (expr.kind === 'not' && !expr.closure) collectOrigins(expr.body, into);
		for (const closure of closuresOf(expr)) collectOrigins(closure.body, into);
	}
}

function printTerm(term: LTerm, printer: TermPrinter, originOf: (local: Local) => LExpr | undefined): string {
	switch (term.kind) {
		case 'const':
			return print(term.value);
		case 'var': {
			const { name, generated } = term.local;
			if (!generated) return name;
			const origin = originOf(term.local);
			if (origin?.kind === 'call') return printCall(origin, printer);
			return origin?.kind === 'unify' ? printer(origin.right) : '_';
		}
		case 'ref': {
			const head = typeof term.head === 'string' ? term.head : printer(term.head);
			return head + term.path.map((operand) => printOperand(operand, printer)).join('');
		}
		case 'array':
			return `[${term.items.map(printer).join(', ')}]`;
		case 'set':
			return `{${term.items.map(printer).join(', ')}}`;
		case 'object':
			return `{${term.entries.map(([key, value]) => `${printer(key)}: ${printer(value)}`).join(', ')}}`;
		case 'comprehension':
			return printComprehension(term, printer);
	}
}

function printOperand(operand: LTerm, printer: TermPrinter): string {
	if (operand.kind === 'const' && typeof operand.value === 'string' && identifier.test(operand.value)) {
		return `.${operand.value}`;
	}
	return `[${printer(operand)}]`;
}

function printComprehension(term: Extract<LTerm, { kind: 'comprehension' }>, printer: TermPrinter): string {
	const head = term.key === undefined ? printer(term.term) : `${printer(term.key)}: ${printer(term.term)}`;
	return term.of === 'array' ? `[${head} | …]` : `{${head} | …}`;
}

function printCall(call: LCall, printer: TermPrinter): string {
	if (call.infix !== undefined && call.args.length === 2) {
		return `${printer(call.args[0]!)} ${call.infix} ${printer(call.args[1]!)}`;
	}
	return `${calleeName(call.callee)}(${call.args.map(printer).join(', ')})`;
}

/** The full name of what is called: `count`, `data.lib.f`. */
export function calleeName(callee: Callee): string {
	return callee.kind === 'builtin' ? callee.name : printPath(callee.path);
}
