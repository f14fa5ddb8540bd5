/**
 * The syntax tree of a Rego v1 module: what the parser makes, and what every later stage reads.
 * Nodes are plain data, never changed after parsing; a stage that rewrites makes new nodes and keeps `loc`,
 * so that a diagnostic always points at what the author wrote.
 */

/**
 * Where a node stands. `row` and `col` count from 1 (`col` in code points, as OPA counts), offsets in UTF-16 units.
 * `offset` to `end` is the node's source text, together with the parentheses written around it; `row` and `col` are
 * those that OPA reports, which for `(a + b)` are those of `a`.
 */
export interface Location {
	readonly file: string;
	readonly row: number;
	readonly col: number;
	/** Offset of the node's first character in the source text. */
	readonly offset: number;
	/** Offset just past the node's last character. */
	readonly end: number;
}

export interface NullTerm {
	readonly kind: 'null';
	readonly loc: Location;
}
export interface BooleanTerm {
	readonly kind: 'boolean';
	readonly value: boolean;
	readonly loc: Location;
}
/** A number literal keeps its text: `1.0`, `1e109` and 20-digit integers must survive exactly. */
export interface NumberTerm {
	readonly kind: 'number';
	readonly text: string;
	readonly loc: Location;
}
export interface StringTerm {
	readonly kind: 'string';
	readonly value: string;
	/** `raw` for back-quoted text; the formatter keeps it so. */
	readonly raw?: boolean;
	readonly loc: Location;
}
/** A variable. The parser gives every `_` a name of its own: `$0`, `$1`, … (`isWildcard`). */
export interface VarTerm {
	readonly kind: 'var';
	readonly name: string;
	readonly loc: Location;
}
/**
 * `terms[0]` is the head (a var, or a call, array, object, set, comprehension or string term), the rest are operands;
 * `.name` and `["name"]` are both string terms.
 */
export interface RefTerm {
	readonly kind: 'ref';
	readonly terms: readonly Term[];
	readonly loc: Location;
}
export interface ArrayTerm {
	readonly kind: 'array';
	readonly items: readonly Term[];
	readonly loc: Location;
}
export interface SetTerm {
	readonly kind: 'set';
	readonly items: readonly Term[];
	readonly loc: Location;
}
export interface ObjectTerm {
	readonly kind: 'object';
	readonly entries: readonly (readonly [key: Term, value: Term])[];
	readonly loc: Location;
}
/**
 * A call. Operators are calls too, under OPA's builtin names (`x + y` is `plus`, `x == y` is `equal`, `x = y` is `eq`,
 * `x := y` is `assign`, `x in xs` is `internal.member_2`, `k, v in xs` is `internal.member_3`); `infix` holds the
 * operator's text then.
 */
export interface CallTerm {
	readonly kind: 'call';
	/** A ref (or a lone var as a one-term ref): `f`, `data.lib.f`, `json.marshal`. */
	readonly operator: RefTerm;
	readonly args: readonly Term[];
	readonly infix?: string;
	readonly loc: Location;
}
export interface ArrayComprehension {
	readonly kind: 'array-comprehension';
	readonly term: Term;
	readonly body: Body;
	readonly loc: Location;
}
export interface SetComprehension {
	readonly kind: 'set-comprehension';
	readonly term: Term;
	readonly body: Body;
	readonly loc: Location;
}
export interface ObjectComprehension {
	readonly kind: 'object-comprehension';
	readonly key: Term;
	readonly value: Term;
	readonly body: Body;
	readonly loc: Location;
}
/** `$"Hello {name}"`: literal texts and expressions in the order written. */
export interface TemplateString {
	readonly kind: 'template-string';
	readonly parts: readonly (StringTerm | Expr)[];
	/** True for the back-quoted form. */
	readonly raw: boolean;
	readonly loc: Location;
}

export type Scalar = NullTerm | BooleanTerm | NumberTerm | StringTerm;
export type Comprehension = ArrayComprehension | SetComprehension | ObjectComprehension;
export type Term =
	| Scalar
	| VarTerm
	| RefTerm
	| ArrayTerm
	| SetTerm
	| ObjectTerm
	| CallTerm
	| Comprehension
	| TemplateString;

/** `with target as value`. */
export interface With {
	readonly target: Term;
	readonly value: Term;
	readonly loc: Location;
}

interface ExprBase {
	readonly loc: Location;
	readonly negated: boolean;
	readonly with: readonly With[];
}
/** A term standing as an expression; infix operators and calls are `call` terms. */
export interface TermExpr extends ExprBase {
	readonly kind: 'term';
	readonly term: Term;
}
/** `some x, y`: declares local variables. */
export interface SomeExpr extends ExprBase {
	readonly kind: 'some';
	readonly vars: readonly VarTerm[];
}
/** `some x in xs` or `some k, v in xs`; key and value may be patterns. */
export interface SomeInExpr extends ExprBase {
	readonly kind: 'some-in';
	readonly key: Term | undefined;
	readonly value: Term;
	readonly domain: Term;
}
/** `every x in xs { … }` or `every k, v in xs { … }`. */
export interface EveryExpr extends ExprBase {
	readonly kind: 'every';
	readonly key: VarTerm | undefined;
	readonly value: VarTerm;
	readonly domain: Term;
	readonly body: Body;
}
/**
 * `not { … }`, and any `not e` of a module with `import future.keywords.not`: holds when the body has no solution.
 * Unlike `negated`, what an operand computes (calls, refs) belongs to the body, so an undefined operand makes it hold.
 * `negated` is always false here.
 */
export interface NotExpr extends ExprBase {
	readonly kind: 'not';
	readonly body: Body;
	/** Written with braces. */
	readonly explicit: boolean;
}
/** One side of `and`/`or`: a body of its own scope when `explicit` (written in braces), else one expression. */
export interface LogicalOperand {
	readonly body: Body;
	readonly explicit: boolean;
	/** From the opening brace or parenthesis, if any. */
	readonly loc: Location;
}
/** `a and b`, `a or b`: experimental keywords, which the parser makes only when told to (`experimental`). */
export interface LogicalExpr extends ExprBase {
	readonly kind: 'and' | 'or';
	readonly left: LogicalOperand;
	readonly right: LogicalOperand;
}
export type Expr = TermExpr | SomeExpr | SomeInExpr | EveryExpr | NotExpr | LogicalExpr;
export type Body = readonly Expr[];

export interface Head {
	readonly loc: Location;
	/** `p` is `[var p]`; `a.b[x].c` is `[var a, string b, var x, string c]`. */
	readonly ref: readonly Term[];
	/** Parameters of a function, else undefined. */
	readonly args: readonly Term[] | undefined;
	/** The term after `contains`: the rule makes a partial set at `ref`. */
	readonly contains: Term | undefined;
	/** The term after `=` or `:=`. Absent: `true` (not for `contains`). */
	readonly value: Term | undefined;
	/** Written with `:=`. */
	readonly assign: boolean;
}

export interface Rule {
	readonly loc: Location;
	readonly default: boolean;
	readonly head: Head;
	/** Empty for a rule without a body, which always holds. */
	readonly body: Body;
	/** `if` was written. */
	readonly hasIf: boolean;
	/** The body was written in braces. */
	readonly braces?: boolean;
	/** `else` branch, a rule with the same ref and args; its head value is the one after `else`. */
	readonly else: Rule | undefined;
	/** True for the second and later bodies of `p if { … } { … }`, whose head repeats the first one's. */
	readonly chained: boolean;
}

export interface Import {
	readonly loc: Location;
	readonly path: RefTerm;
	readonly alias: string | undefined;
	readonly aliasLoc?: Location;
}

export interface Package {
	readonly loc: Location;
	/** `data` first: `package a.b` is `[var data, string a, string b]`. */
	readonly path: RefTerm;
}

export interface Comment {
	/** Text after `#`. */
	readonly text: string;
	readonly loc: Location;
}

export type AnnotationScope = 'rule' | 'document' | 'package' | 'subpackages';

/** A `# METADATA` block, parsed from YAML, with the node it belongs to. */
export interface Annotation {
	readonly loc: Location;
	readonly scope: AnnotationScope;
	readonly entrypoint?: boolean;
	readonly title?: string;
	readonly description?: string;
	readonly organizations?: readonly string[];
	readonly related_resources?: readonly { readonly ref: string; readonly description?: string }[];
	readonly authors?: readonly { readonly name?: string; readonly email?: string }[];
	readonly schemas?: readonly { readonly path: string; readonly schema?: string; readonly definition?: unknown }[];
	readonly compile?: { readonly unknowns?: readonly string[]; readonly mask_rule?: string };
	readonly custom?: Readonly<Record<string, unknown>>;
	readonly labels?: Readonly<Record<string, unknown>>;
	/** The rule it stands above, or undefined when its scope is `package` or `subpackages`. */
	readonly rule: Rule | undefined;
}

export interface Module {
	readonly file: string;
	readonly source: string;
	readonly package: Package;
	readonly imports: readonly Import[];
	readonly rules: readonly Rule[];
	readonly annotations: readonly Annotation[];
	readonly comments: readonly Comment[];
}

/** True for the variable that the parser made for a `_`. */
export function isWildcard(name: string): boolean {
	return name.startsWith('$');
}
