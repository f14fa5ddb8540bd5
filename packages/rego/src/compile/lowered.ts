/**
 * The lowered program: what compiling makes of the syntax trees, and what checks, safety and evaluation read.
 * Against the tree: references are resolved, every variable is a `Local` with a slot of its rule's frame, calls stand
 * only as expressions (`call`, with an output), heads and comprehension terms need no evaluation, and bodies are in an
 * order in which each expression finds its inputs bound. `loc` is always what the author wrote.
 */
import type { Annotation, Location, Module, Rule } from '../ast/ast.ts';
import type { Builtin } from '../builtins/builtin.ts';
import type { Diagnostic } from '../errors.ts';
import type { MapKey, Value } from '../value/index.ts';

/** A variable of one rule (or query). Two locals are the same variable only if they are the same object. */
export interface Local {
	/** As written; `_` for a wildcard, `__local3__` for one the compiler made. */
	readonly name: string;
	/** Index into the rule's frame. */
	readonly slot: number;
	/** Made by the compiler: never shown to users. */
	readonly generated: boolean;
}

export interface LConst {
	readonly kind: 'const';
	readonly value: Value;
	readonly loc: Location;
}
export interface LVar {
	readonly kind: 'var';
	readonly local: Local;
	readonly loc: Location;
}
/** `path` may hold unbound variables and patterns: the reference then has many values. */
export interface LRef {
	readonly kind: 'ref';
	readonly head: 'input' | 'data' | LVar;
	readonly path: readonly LTerm[];
	readonly loc: Location;
}
export interface LArray {
	readonly kind: 'array';
	readonly items: readonly LTerm[];
	readonly loc: Location;
}
export interface LSet {
	readonly kind: 'set';
	readonly items: readonly LTerm[];
	readonly loc: Location;
}
export interface LObject {
	readonly kind: 'object';
	readonly entries: readonly (readonly [key: LTerm, value: LTerm])[];
	readonly loc: Location;
}
export interface LComprehension {
	readonly kind: 'comprehension';
	readonly of: 'array' | 'set' | 'object';
	/** Key of an object comprehension. */
	readonly key: LTerm | undefined;
	readonly term: LTerm;
	body: LBody;
	readonly loc: Location;
}
export type LTerm = LConst | LVar | LRef | LArray | LSet | LObject | LComprehension;

/** What a call names. `builtin` is undefined when no such builtin is offered; `group` once the rule tree is known. */
export type Callee =
	| { readonly kind: 'builtin'; readonly name: string; readonly builtin: Builtin | undefined }
	| { readonly kind: 'function'; readonly path: readonly string[]; group: RuleGroup | undefined };

export interface LWith {
	/** Replaces a document (or part of one), or a function. */
	readonly target:
		| { readonly kind: 'input' | 'data'; readonly path: readonly LTerm[] }
		| { readonly kind: 'function'; readonly callee: Callee };
	/** A ground value, or the function that stands in. */
	readonly value: LTerm | Callee;
	readonly loc: Location;
}

interface LExprBase {
	readonly loc: Location;
	/** Made by the compiler out of a part of the expression at `loc`. */
	readonly generated: boolean;
	with: readonly LWith[];
}
/** `assign`: written `:=`, so the right side may not be bound through the left. */
export interface LUnify extends LExprBase {
	readonly kind: 'unify';
	readonly left: LTerm;
	readonly right: LTerm;
	readonly assign: boolean;
	/** Operand of `print` or of a template string: its variables must be bound before. */
	readonly captured?: boolean;
}
/** Holds when the term is defined and not false. */
export interface LTermExpr extends LExprBase {
	readonly kind: 'term';
	readonly term: LTerm;
}
/** Holds when the result is defined and matches `output`; without one, when it is defined and not false. */
export interface LCall extends LExprBase {
	readonly kind: 'call';
	readonly callee: Callee;
	readonly args: readonly LTerm[];
	readonly output: LTerm | undefined;
	/** Operator text when written as one. */
	readonly infix: string | undefined;
	/** Where the operator (function name) stands. */
	readonly operatorLoc: Location;
	/** `args` and `output` as counted by the author's call, for arity messages. */
	readonly operands: number;
}
/** Holds when no solution of `body` exists. `closure`: `body` has a scope of its own (`future.keywords.not`). */
export interface LNot extends LExprBase {
	readonly kind: 'not';
	body: LBody;
	readonly closure: boolean;
}
export interface LEvery extends LExprBase {
	readonly kind: 'every';
	readonly key: Local | undefined;
	readonly value: Local;
	readonly domain: LTerm;
	body: LBody;
}
export type LExpr = LUnify | LTermExpr | LCall | LNot | LEvery;

export interface LBody {
	readonly exprs: readonly LExpr[];
	readonly loc: Location;
}

/** One rule, or one `else` branch of it. */
export interface LRule {
	/** Position in the program: the site id of provenance and coverage. */
	readonly id: number;
	readonly rule: Rule;
	readonly module: Module;
	/** Location of this rule or branch. */
	readonly loc: Location;
	readonly default: boolean;
	/** Package path and head reference: constants, then possibly locals. Without the leading `data`. */
	readonly path: readonly (LConst | LVar)[];
	readonly args: readonly LTerm[] | undefined;
	/** Member of a partial set (`contains`). */
	readonly member: LTerm | undefined;
	/** Value of any other rule; `true` when none was written. */
	readonly value: LTerm | undefined;
	body: LBody;
	readonly else: LRule | undefined;
	/** Every local of the rule, by slot. */
	readonly locals: readonly Local[];
	readonly annotations: readonly Annotation[];
}

export type GroupKind = 'complete' | 'function' | 'set' | 'object';

/** All rules that make one virtual document (or one function). */
export interface RuleGroup {
	readonly id: number;
	/** Ground path from `data`, without it: `['a', 'b', 'allow']`. */
	readonly path: readonly Value[];
	/** `data.a.b.allow`, as written in messages. */
	readonly name: string;
	readonly kind: GroupKind;
	/** In the order of files and of rules within; defaults apart. */
	readonly rules: readonly LRule[];
	readonly defaults: readonly LRule[];
	/** Longest head reference beyond `path`. */
	readonly tailMax: number;
	readonly node: RuleNode;
}

/** A node of the tree of packages and rules below `data`. */
export interface RuleNode {
	readonly key: Value;
	readonly parent: RuleNode | undefined;
	readonly children: Map<MapKey, RuleNode>;
	/** The document made here; what lies below then is part of it. */
	group: RuleGroup | undefined;
	function: RuleGroup | undefined;
	/** A package is declared here. */
	package: boolean;
}

/** A query compiled outside any package. */
export interface LQuery {
	readonly body: LBody;
	readonly locals: readonly Local[];
	/** The variables the author named, in order of appearance: what a solution binds. */
	readonly outputs: readonly Local[];
}

/** A compiled set of modules. */
export interface LProgram {
	readonly modules: readonly Module[];
	readonly root: RuleNode;
	readonly groups: readonly RuleGroup[];
	/** By site id. */
	readonly rules: readonly LRule[];
	/** Builtins that policies may call. */
	readonly builtins: ReadonlyMap<string, Builtin>;
	/** Rules with errors already: their bodies may be neither linked nor ordered. */
	readonly failed: ReadonlySet<LRule>;
}

/** A further check over a lowered program: what it returns is reported with the rest. */
export type Check = (program: LProgram) => readonly Diagnostic[];
