/** `rego.parse_module`: a module's syntax tree as a value, in the shape of OPA's JSON. */
import type { Body, Expr, Head, Import, Module, Rule, Term, With } from '../ast/ast.ts';
import { RegoError } from '../errors.ts';
import { parseModule } from '../parse/index.ts';
import { any, fn, named, object, string } from '../types/type.ts';
import { parseNumber, type Value } from '../value/index.ts';
import { type Builtin, BuiltinError } from './builtin.ts';
import { stringOperand } from './operands.ts';

type Json = { [key: string]: Value };

const typed = (type: string, value: Value): Json => ({ type, value });

function termValue(term: Term): Json {
	switch (term.kind) {
		case 'null':
			return { type: 'null', value: null };
		case 'boolean':
			return typed('boolean', term.value);
		case 'number':
			return typed('number', parseNumber(term.text)!);
		case 'string':
			return typed('string', term.value);
		case 'var':
			return typed('var', term.name);
		case 'ref':
			return typed('ref', term.terms.map(termValue));
		case 'array':
		case 'set':
			return typed(term.kind, term.items.map(termValue));
		case 'object':
			return typed(
				'object',
				term.entries.map(([key, value]) => [termValue(key), termValue(value)]),
			);
		case 'call':
			return typed('call', [termValue(term.operator), ...term.args.map(termValue)]);
		case 'array-comprehension':
			return typed('arraycomprehension', { body: bodyValue(term.body), term: termValue(term.term) });
		case 'set-comprehension':
			return typed('setcomprehension', { body: bodyValue(term.body), term: termValue(term.term) });
		case 'object-comprehension':
			return typed('objectcomprehension', {
				body: bodyValue(term.body),
				key: termValue(term.key),
				value: termValue(term.value),
			});
		case 'template-string':
			return typed('templatestring', {
				multi_line: term.raw,
				parts: term.parts.map((part) => (part.kind === 'string' ? termValue(part) : exprValue(part, 0))),
			});
	}
}

function bodyValue(body: Body): Value {
	return body.map(exprValue);
}

function exprValue(expr: Expr, index: number): Json {
	const json: Json = { index, terms: exprTerms(expr) };
	if (expr.negated) json['negated'] = true;
	if (expr.with.length > 0) json['with'] = expr.with.map(withValue);
	return json;
}

function exprTerms(expr: Expr): Value {
	switch (expr.kind) {
		case 'term':
			return expr.term.kind === 'call'
				? [termValue(expr.term.operator), ...expr.term.args.map(termValue)]
				: termValue(expr.term);
		case 'some':
			return { symbols: expr.vars.map(termValue) };
		case 'some-in': {
			const name = expr.key === undefined ? 'member_2' : 'member_3';
			const operator = typed('ref', [typed('var', 'internal'), typed('string', name)]);
			const args = [...(expr.key === undefined ? [] : [expr.key]), expr.value, expr.domain].map(termValue);
			return { symbols: [typed('call', [operator, ...args])] };
		}
		case 'every':
			return {
				body: bodyValue(expr.body),
				domain: termValue(expr.domain),
				key: expr.key === undefined ? null : termValue(expr.key),
				value: termValue(expr.value),
			};
		case 'not':
			return { body: bodyValue(expr.body) };
		default:
			throw new BuiltinError(`the experimental keyword ${expr.kind} is not offered`);
	}
}

function withValue(item: With): Json {
	return { target: termValue(item.target), value: termValue(item.value) };
}

function headValue(head: Head): Json {
	const json: Json = { ref: head.ref.map(termValue) };
	const [first, second] = head.ref;
	if (first?.kind === 'var' && (head.ref.length === 1 || (head.ref.length === 2 && second?.kind !== 'string'))) {
		json['name'] = first.name;
	}
	if (head.args !== undefined && head.args.length > 0) json['args'] = head.args.map(termValue);
	if (head.contains !== undefined) json['key'] = termValue(head.contains);
	else {
		if (head.ref.length === 2 && second?.kind !== 'string') json['key'] = termValue(second!);
		json['value'] = head.value === undefined ? typed('boolean', true) : termValue(head.value);
	}
	if (head.assign) json['assign'] = true;
	return json;
}

function ruleValue(rule: Rule): Json {
	const always: Value = [{ index: 0, terms: typed('boolean', true) }];
	const json: Json = { body: rule.body.length > 0 ? bodyValue(rule.body) : always, head: headValue(rule.head) };
	if (rule.default) json['default'] = true;
	if (rule.else !== undefined) json['else'] = ruleValue(rule.else);
	return json;
}

function importValue(item: Import): Json {
	const json: Json = { path: termValue(item.path) };
	if (item.alias !== undefined) json['alias'] = item.alias;
	return json;
}

function moduleValue(module: Module): Json {
	const json: Json = { package: { path: module.package.path.terms.map(termValue) } };
	if (module.imports.length > 0) json['imports'] = module.imports.map(importValue);
	if (module.rules.length > 0) json['rules'] = module.rules.map(ruleValue);
	return json;
}

/** `rego.parse_module`. */
export const parseModuleBuiltin: Builtin = {
	name: 'rego.parse_module',
	description: 'Parses the input Rego string and returns an object representation of the AST.',
	decl: fn(
		[named('filename', string, "file name to attach to AST nodes' locations"), named('rego', string, 'Rego module')],
		named('output', object(string, any), 'AST object for the Rego module'),
	),
	run: (args, context) => {
		const file = stringOperand(args, 1);
		const source = stringOperand(args, 2);
		context.spend(1 + source.length);
		try {
			return moduleValue(parseModule(source, file));
		} catch (error) {
			if (error instanceof RegoError) throw new BuiltinError(error.message, { cause: error });
			throw error;
		}
	},
};
