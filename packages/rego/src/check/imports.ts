/** Imports: no two of one name, and in strict mode none without use. */
import type { Body, Expr, Import, Module, Rule, Term } from '../ast/ast.ts';
import type { LProgram } from '../compile/lowered.ts';
import { declaredNames, namesIn } from '../compile/scope.ts';
import type { Diagnostic } from '../errors.ts';
import { print } from '../value/index.ts';

/** Reports imports that hide an earlier one. */
export function checkDuplicateImports(program: LProgram): readonly Diagnostic[] {
	return program.modules.flatMap((module) => {
		const held = new Map<string, Import>();
		const errors: Diagnostic[] = [];
		for (const item of module.imports) {
			const earlier = held.get(importName(item));
			if (earlier === undefined) held.set(importName(item), item);
			else errors.push(compileError(item, `import must not shadow ${printImport(earlier)}`));
		}
		return errors;
	});
}

/** Reports imports of documents that the module never refers to. */
export function checkUnusedImports(program: LProgram): readonly Diagnostic[] {
	return program.modules.flatMap((module) => {
		const used = globalNames(module);
		return module.imports
			.filter((item) => isDocumentImport(item) && !used.has(importName(item)))
			.map((item) => compileError(item, `${printImport(item)} unused`));
	});
}

function compileError(item: Import, message: string): Diagnostic {
	return { code: 'rego_compile_error', message, loc: item.loc };
}

function isDocumentImport(item: Import): boolean {
	const [head] = item.path.terms;
	return head?.kind === 'var' && (head.name === 'data' || head.name === 'input');
}

/** The name that an import gives what it imports. */
export function importName(item: Import): string {
	if (item.alias !== undefined) return item.alias;
	const last = item.path.terms.at(-1);
	return last?.kind === 'string' ? last.value : last?.kind === 'var' ? last.name : '';
}

/** `import data.a.b as c`. */
export function printImport(item: Import): string {
	const path = item.path.terms.map((term, i) => {
		if (term.kind === 'var') return term.name;
		const text = term.kind === 'string' ? term.value : '';
		return /^[A-Za-z_][A-Za-z0-9_]*$/.test(text) ? `${i === 0 ? '' : '.'}${text}` : `[${print(text)}]`;
	});
	return `import ${path.join('')}${item.alias === undefined ? '' : ` as ${item.alias}`}`;
}

/** Names in a module that no local variable hides where they stand. */
function globalNames(module: Module): ReadonlySet<string> {
	const names = new Set<string>();
	for (const rule of module.rules) ruleNames(rule, names);
	return names;
}

type Hidden = ReadonlySet<string>;

function ruleNames(rule: Rule, into: Set<string>): void {
	const { head } = rule;
	const hidden = declaredNames(rule.body, new Set());
	for (const arg of head.args ?? []) namesIn(arg, hidden);
	for (const term of head.ref.slice(1)) termNames(term, hidden, into);
	for (const arg of head.args ?? []) termNames(arg, hidden, into);
	if (head.contains !== undefined) termNames(head.contains, hidden, into);
	if (head.value !== undefined) termNames(head.value, hidden, into);
	bodyNames(rule.body, hidden, into);
	if (rule.else !== undefined) ruleNames(rule.else, into);
}

function bodyNames(body: Body, hidden: Hidden, into: Set<string>): void {
	for (const expr of body) exprNames(expr, hidden, into);
}

function exprNames(expr: Expr, hidden: Hidden, into: Set<string>): void {
	switch (expr.kind) {
		case 'term':
			termNames(expr.term, hidden, into);
			break;
		case 'some':
			break;
		case 'some-in':
			if (expr.key !== undefined) termNames(expr.key, hidden, into);
			termNames(expr.value, hidden, into);
			termNames(expr.domain, hidden, into);
			break;
		case 'every': {
			termNames(expr.domain, hidden, into);
			const inside = new Set([...hidden, expr.value.name, ...(expr.key === undefined ? [] : [expr.key.name])]);
			bodyNames(expr.body, declaredNames(expr.body, inside), into);
			break;
		}
		case 'not':
			bodyNames(expr.body, declaredNames(expr.body, new Set(hidden)), into);
			break;
		default:
			bodyNames(expr.left.body, hidden, into);
			bodyNames(expr.right.body, hidden, into);
	}
	for (const item of expr.with) {
		termNames(item.target, hidden, into);
		termNames(item.value, hidden, into);
	}
}

function termNames(term: Term, hidden: Hidden, into: Set<string>): void {
	const visit = (part: Term): void => termNames(part, hidden, into);
	switch (term.kind) {
		case 'var':
			if (!hidden.has(term.name)) into.add(term.name);
			break;
		case 'ref':
			for (const part of term.terms) visit(part);
			break;
		case 'array':
		case 'set':
			for (const item of term.items) visit(item);
			break;
		case 'object':
			for (const part of term.entries.flat()) visit(part);
			break;
		case 'call':
			if (term.infix === undefined) visit(term.operator);
			for (const arg of term.args) visit(arg);
			break;
		case 'array-comprehension':
		case 'set-comprehension':
		case 'object-comprehension': {
			const inside = declaredNames(term.body, new Set(hidden));
			for (const part of term.kind === 'object-comprehension' ? [term.key, term.value] : [term.term]) {
				termNames(part, inside, into);
			}
			bodyNames(term.body, inside, into);
			break;
		}
		case 'template-string':
			for (const part of term.parts) if (part.kind !== 'string') exprNames(part, hidden, into);
			break;
		default:
			break;
	}
}
