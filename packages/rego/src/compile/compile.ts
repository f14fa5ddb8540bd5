/** Modules in, a lowered program out: the stages of the compiler in OPA's order, with every error they find. */
import type { Body, Location, Module, Rule, Term } from '../ast/ast.ts';
import type { Builtin } from '../builtins/builtin.ts';
import type { Diagnostic } from '../errors.ts';
import { isNumber, type Value } from '../value/index.ts';
import { type CallSurroundings, checkCalls } from './calls.ts';
import { type Globals, Lowering, type LoweringContext } from './lower.ts';
import type { Check, LBody, LConst, LExpr, Local, LProgram, LQuery, LRule, LTerm, LVar, RuleNode } from './lowered.ts';
import { metadataChain, metadataRule } from './metadata.ts';
import { nearest } from './nearest.ts';
import { checkPrintArguments, checkPrintsInBody } from './print-arguments.ts';
import { checkRecursion } from './recursion.ts';
import { orderBody, UnsafeVars, vars, varsOfExpr } from './safety.ts';
import { declaredNames } from './scope.ts';
import { buildTree, packagePath, printPath } from './tree.ts';

/** How modules are compiled. */
export interface CompileSettings {
	/** Every builtin that policies may call. */
	readonly builtins: ReadonlyMap<string, Builtin>;
	/** Names that exist but that this program may not call. */
	readonly unsafeBuiltins?: ReadonlySet<string>;
	/** Keep `print` calls. */
	readonly print?: boolean;
	/** Further checks over the lowered program. */
	readonly checks?: readonly Check[];
}

/** The program and everything wrong with it. The program may be evaluated only when `diagnostics` is empty. */
export interface CompileResult {
	readonly program: LProgram;
	readonly diagnostics: readonly Diagnostic[];
}

/** Compiles parsed modules together. Never throws for what a policy says. */
export function compileModules(parsed: readonly Module[], settings: CompileSettings): CompileResult {
	const modules = [...parsed].sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0));
	const diagnostics: Diagnostic[] = [];
	const arities = functionArities(modules);
	const rules: LRule[] = [];
	const tops: LRule[] = [];
	const failed = new Set<LRule>();
	for (const module of modules) {
		const globals = globalsOf(module, modules);
		for (const rule of module.rules) {
			const context: LoweringContext = {
				globals,
				builtins: settings.builtins,
				arityOf: (path) => arities.get(path.join('\0')),
				print: settings.print ?? false,
				metadata: {
					chain: () => metadataChain(modules, module, rule),
					rule: () => metadataRule(module, rule),
				},
			};
			const errors: Diagnostic[] = [];
			const lowered = lowerRule(rule, module, context, rules, errors);
			tops.push(lowered);
			if (errors.length > 0) failed.add(lowered);
			diagnostics.push(...errors);
		}
	}
	const { root, groups } = buildTree(modules, tops, diagnostics);
	const surroundings: CallSurroundings = {
		root,
		builtins: settings.builtins,
		unsafe: settings.unsafeBuiltins ?? new Set(),
		functions: groups.filter((group) => group.kind === 'function').map((group) => group.name),
	};
	for (const rule of tops) {
		if (failed.has(rule)) continue;
		const errors: Diagnostic[] = [];
		for (let at: LRule | undefined = rule; at !== undefined; at = at.else) checkCalls(at.body, surroundings, errors);
		if (errors.length === 0 && settings.print === true) {
			for (let at: LRule | undefined = rule; at !== undefined; at = at.else) errors.push(...checkPrintArguments(at));
		}
		if (errors.length === 0) {
			for (let at: LRule | undefined = rule; at !== undefined; at = at.else) checkSafety(at, modules, errors);
		}
		if (errors.length > 0) failed.add(rule);
		diagnostics.push(...errors);
	}
	diagnostics.push(...checkRecursion(groups, root));
	const program: LProgram = { modules, root, groups, rules, builtins: settings.builtins, failed };
	for (const check of settings.checks ?? []) diagnostics.push(...check(program));
	return { program, diagnostics: inOrder(diagnostics) };
}

/** Diagnostics by place, each once. */
export function inOrder(diagnostics: readonly Diagnostic[]): Diagnostic[] {
	const seen = new Set<string>();
	const once = diagnostics.filter(({ code, message, loc }) => {
		const key = `${loc?.file}\0${loc?.offset}\0${code}\0${message}`;
		if (seen.has(key)) return false;
		seen.add(key);
		return true;
	});
	return once
		.map((diagnostic, i) => ({ diagnostic, i }))
		.sort((a, b) => compareLocations(a.diagnostic.loc, b.diagnostic.loc) || a.i - b.i)
		.map(({ diagnostic }) => diagnostic);
}

function compareLocations(a: Location | undefined, b: Location | undefined): number {
	if (a === undefined || b === undefined) return (a === undefined ? 0 : 1) - (b === undefined ? 0 : 1);
	if (a.file !== b.file) return a.file < b.file ? -1 : 1;
	return a.row - b.row || a.col - b.col;
}

function headName(rule: Rule): string {
	const [first] = rule.head.ref;
	return first?.kind === 'var' ? first.name : first?.kind === 'string' ? first.value : '';
}

function functionArities(modules: readonly Module[]): ReadonlyMap<string, number> {
	const arities = new Map<string, number>();
	for (const module of modules) {
		for (const rule of module.rules) {
			if (rule.head.args === undefined) continue;
			const path = [...packagePath(module), headName(rule)];
			for (const term of rule.head.ref.slice(1)) if (term.kind === 'string') path.push(term.value);
			arities.set(path.join('\0'), rule.head.args.length);
		}
	}
	return arities;
}

/** Names a module can use without `data`: rules of its package (in any module), and imports. */
function globalsOf(module: Module, modules: readonly Module[]): Globals {
	const globals = new Map<string, { root: 'data' | 'input'; path: readonly string[] }>();
	const pkg = packagePath(module);
	const key = pkg.join('\0');
	for (const other of modules) {
		if (packagePath(other).join('\0') !== key) continue;
		for (const rule of other.rules) {
			const name = headName(rule);
			if (!globals.has(name)) globals.set(name, { root: 'data', path: [...pkg, name] });
		}
	}
	for (const item of module.imports) {
		const [head, ...rest] = item.path.terms;
		if (head?.kind !== 'var' || (head.name !== 'data' && head.name !== 'input')) continue;
		const path = rest.map((term) => (term.kind === 'string' ? term.value : ''));
		const name = item.alias ?? path[path.length - 1] ?? head.name;
		if (name === head.name && path.length === 0) continue;
		globals.set(name, { root: head.name, path });
	}
	return globals;
}

function lowerRule(rule: Rule, module: Module, context: LoweringContext, rules: LRule[], errors: Diagnostic[]): LRule {
	const id = rules.length;
	rules.push(undefined as unknown as LRule);
	const lowering = new Lowering(context);
	const { scopes } = lowering;
	const { head } = rule;
	const sink: LExpr[] = [];
	scopes.push(declaredNames(rule.body));
	const args = head.args?.map((arg) => lowering.parameter(arg, sink));
	const exprs = lowering.body(rule.body);
	const path: (LConst | LVar)[] = packagePath(module).map((part) => constant(part, head.loc));
	for (const [i, term] of head.ref.entries()) path.push(headPart(term, i, lowering, exprs));
	// Calls of member and value come before what either needs evaluated.
	const rawMember = head.contains === undefined ? undefined : lowering.term(head.contains, exprs);
	const rawValue = valueTerm(rule, lowering, exprs);
	const member = rawMember === undefined ? undefined : lowering.evaluated(rawMember, exprs);
	const value = rawValue === undefined ? undefined : lowering.evaluated(rawValue, exprs);
	lowering.checkUnused(rule.body, rule.loc);
	scopes.pop();
	errors.push(...lowering.errors);
	const otherwise = rule.else === undefined ? undefined : lowerRule(rule.else, module, context, rules, errors);
	const lowered: LRule = {
		id,
		rule,
		module,
		loc: rule.loc,
		default: rule.default,
		path,
		args,
		member,
		value,
		body: { exprs: [...exprs, ...sink], loc: rule.body[0]?.loc ?? rule.loc },
		else: otherwise,
		locals: scopes.locals,
		annotations: module.annotations.filter((annotation) => annotation.rule === rule),
	};
	rules[id] = lowered;
	return lowered;
}

function valueTerm(rule: Rule, lowering: Lowering, exprs: LExpr[]): LTerm | undefined {
	if (rule.head.contains !== undefined) return undefined;
	return rule.head.value === undefined ? constant(true, rule.head.loc) : lowering.term(rule.head.value, exprs);
}

function headPart(term: Term, i: number, lowering: Lowering, exprs: LExpr[]): LConst | LVar {
	if (i === 0 && term.kind === 'var') return constant(term.name, term.loc);
	const lowered = lowering.term(term, exprs);
	if (lowered.kind === 'var') return lowered;
	if (lowered.kind === 'const' && !isComposite(lowered.value)) return lowered;
	const output: LVar = { kind: 'var', local: lowering.scopes.generate(), loc: term.loc };
	exprs.push({
		kind: 'unify',
		left: output,
		right: lowered,
		assign: false,
		generated: true,
		with: [],
		loc: term.loc,
	});
	return output;
}

function isComposite(value: Value): boolean {
	return typeof value === 'object' && value !== null && !isNumber(value);
}

function constant(value: Value, loc: Location): LConst {
	return { kind: 'const', value, loc };
}

function checkSafety(rule: LRule, modules: readonly Module[], errors: Diagnostic[]): void {
	const bound = new Set<Local>();
	for (const arg of rule.args ?? []) vars(arg, bound);
	const mentioned = new Set(bound);
	for (const expr of rule.body.exprs) varsOfExpr(expr, mentioned);
	const seen = new Set<Local>();
	const head = [
		...rule.path,
		...(rule.member === undefined ? [] : [rule.member]),
		...(rule.value === undefined ? [] : [rule.value]),
	];
	for (const term of head) {
		for (const found of varTerms(term)) {
			const { local, loc } = found;
			if (mentioned.has(local) || seen.has(local)) continue;
			seen.add(local);
			const near = hintFor(rule, modules)(local.name);
			const diagnostic = { code: 'rego_unsafe_var_error', message: `var ${local.name} is unsafe`, loc } as const;
			errors.push(near === undefined ? diagnostic : { ...diagnostic, hint: near });
		}
	}
	const unsafe = new UnsafeVars();
	rule.body = orderBody(rule.body, bound, unsafe);
	errors.push(...unsafe.diagnostics(hintFor(rule, modules)));
}

function varTerms(term: LTerm): LVar[] {
	switch (term.kind) {
		case 'var':
			return [term];
		case 'array':
		case 'set':
			return term.items.flatMap(varTerms);
		case 'object':
			return term.entries.flatMap(([key, value]) => [...varTerms(key), ...varTerms(value)]);
		default:
			return [];
	}
}

/** What an unsafe name probably was to be: a keyword, a rule elsewhere, or a name like it. */
function hintFor(rule: LRule, modules: readonly Module[]): (name: string) => string | undefined {
	return (name) => {
		if (name === '_') return undefined;
		const elsewhere = modules.find(
			(module) => module !== rule.module && module.rules.some((other) => headName(other) === name),
		);
		if (elsewhere !== undefined) return `did you mean ${printPath(packagePath(elsewhere))}.${name}? Import its package`;
		const names = new Set<string>(['input', 'data']);
		for (const other of rule.module.rules) names.add(headName(other));
		for (const item of rule.module.imports) if (item.alias !== undefined) names.add(item.alias);
		for (const local of rule.locals) if (!local.generated && local.name !== '_') names.add(local.name);
		names.delete(name);
		const near = nearest(name, names);
		return near === undefined ? undefined : `did you mean ${near}?`;
	};
}

/** Compiles a query against a program: it stands outside any package. */
export function compileQuery(
	body: Body,
	program: LProgram,
	settings: CompileSettings,
): { readonly query: LQuery; readonly diagnostics: readonly Diagnostic[] } {
	const arityOf = (path: readonly string[]): number | undefined => {
		let node: RuleNode | undefined = program.root;
		for (const part of path) node = node?.children.get(part);
		const group = node?.function;
		return (group?.rules[0] ?? group?.defaults[0])?.args?.length;
	};
	const lowering = new Lowering({
		globals: new Map(),
		builtins: settings.builtins,
		arityOf,
		print: settings.print ?? false,
	});
	lowering.scopes.push(declaredNames(body));
	const exprs = lowering.body(body);
	const loc: Location = body[0]?.loc ?? { file: '', row: 1, col: 1, offset: 0, end: 0 };
	lowering.checkUnused(body, loc);
	let lowered: LBody = { exprs, loc };
	const diagnostics: Diagnostic[] = [...lowering.errors];
	const mentioned = new Set<Local>();
	for (const expr of exprs) varsOfExpr(expr, mentioned);
	if (diagnostics.length === 0) {
		const functions = program.groups.filter((group) => group.kind === 'function').map((group) => group.name);
		const unsafe = settings.unsafeBuiltins ?? new Set<string>();
		checkCalls(lowered, { root: program.root, builtins: settings.builtins, unsafe, functions }, diagnostics);
	}
	if (diagnostics.length === 0 && settings.print === true) diagnostics.push(...checkPrintsInBody(lowered));
	if (diagnostics.length === 0) {
		const unsafe = new UnsafeVars();
		lowered = orderBody(lowered, new Set(), unsafe);
		diagnostics.push(...unsafe.diagnostics(() => undefined));
	}
	const outputs = [...mentioned]
		.filter((local) => !local.generated && local.name !== '_')
		.sort((a, b) => a.slot - b.slot);
	return { query: { body: lowered, locals: lowering.scopes.locals, outputs }, diagnostics };
}
