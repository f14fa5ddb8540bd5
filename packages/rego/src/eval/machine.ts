/** The state of one evaluation: documents, caches, what `with` replaced, limits, and the trail that provenance reads. */
import type { Location } from '../ast/ast.ts';
import type { Builtin, BuiltinContext } from '../builtins/builtin.ts';
import { BuiltinError, BuiltinLimitError, BuiltinTypeError } from '../builtins/builtin.ts';
import type { LRule, RuleGroup, RuleNode } from '../compile/lowered.ts';
import { RegoError, type RegoErrorCode } from '../errors.ts';
import { type MapKey, NumberRangeError, type Value } from '../value/index.ts';
import type { DocumentCode } from './documents.ts';
import type { Instrument } from './instrument.ts';
import { type Limits, stepsPerCheck } from './limits.ts';
import type { ScanState } from './scan-index.ts';

/** Values of a rule's locals by slot, then temporaries. */
export type Frame = (Value | undefined)[];

/** What `with` puts in a function's place: a value, a builtin or a function. */
export type Mock =
	| { readonly kind: 'value'; readonly value: Value }
	| { readonly kind: 'builtin'; readonly builtin: Builtin }
	| { readonly kind: 'function'; readonly code: DocumentCode };

/** One successful exit of a rule, with the documents its body read. */
export interface Cause {
	readonly rule: LRule;
	readonly trail: readonly Read[];
}

/** The trail of an exit that read no document. */
const nothingRead: readonly Read[] = [];

/** One step of a trail: a document, or many that are always read together. */
export type Read = Evidence | Bundle;

/** Documents read as one, such as all members of a set: whoever reads them again and again notes one step each time. */
export class Bundle {
	readonly reads: readonly Read[];

	constructor(reads: readonly Read[]) {
		this.reads = reads;
	}
}

/** A document (or one entry of it) that was read, and why it has its value. */
export interface Evidence {
	readonly group: RuleGroup;
	/** Keys below the group's path: the member of a set, the path of an object entry, nothing for the whole. */
	readonly keys: readonly Value[];
	causes: Cause[];
}

/** What has been computed of one virtual document. */
export interface DocumentState {
	/** Full extent, once known. */
	full: { readonly value: Value | undefined; readonly evidence: Evidence | undefined } | undefined;
	/** Answers for single keys. */
	readonly byKey: Map<MapKey, { readonly value: Value | undefined; readonly evidence: Evidence | undefined }>;
	/** The same for prefixes of two keys and more. */
	readonly byPath: Map<MapKey, { readonly value: Value | undefined; readonly evidence: Evidence | undefined }>;
	/** Evidence for each entry of the full extent. */
	entries: Map<MapKey, Evidence> | undefined;
	/** All of `entries`, once the whole document was read. */
	whole: Bundle | undefined;
	/** Results of a function, by arguments. */
	calls: CallMemo | undefined;
}

/** One level of a function's memo: by the key of a plain argument, or by the identity of a composite one. */
export type CallMemo = Map<MapKey | object, CallMemo | CallResult>;

/** A remembered result. */
export interface CallResult {
	readonly value: Value | undefined;
	readonly evidence: Evidence | undefined;
}

/** Settings of one evaluation. */
export interface MachineSettings {
	readonly input: Value | undefined;
	readonly data: Value;
	readonly limits: Limits;
	readonly strict: boolean;
	readonly nowNs: bigint | undefined;
	readonly randomBytes: ((size: number) => Uint8Array) | undefined;
	readonly clockMs: (() => number) | undefined;
	readonly provenance: boolean;
	readonly allReasons: boolean;
	readonly instrument: Instrument | undefined;
	readonly print: ((text: string, location: Location) => void) | undefined;
	readonly trace: ((note: string, location: Location) => void) | undefined;
}

/** One evaluation. Builtins see it as their context. */
export class Machine implements BuiltinContext {
	input: Value | undefined;
	data: Value;
	/** Virtual documents computed in the current scope of `with`. */
	cache: Map<RuleGroup, DocumentState> = new Map();
	/** Nodes whose rules a `with` replaced. */
	hidden: ReadonlySet<RuleNode> | undefined = undefined;
	mocks: ReadonlyMap<string, Mock> | undefined = undefined;
	depth = 0;
	/** Documents read so far on the way to the current point; undefined when nobody asks. */
	readonly trail: Read[] | undefined;
	trailLength = 0;
	readonly strict: boolean;
	readonly allReasons: boolean;
	readonly instrument: Instrument | undefined;
	/** How the last rule to exit did so; set only when provenance is asked for. */
	lastCause: Cause | undefined = undefined;
	readonly settings: MachineSettings;
	readonly memo: Map<string, unknown> = new Map();
	/** Collections scanned so far. Nothing is written while an evaluation runs, so they stay as they are. */
	readonly scans: Map<object, ScanState> = new Map();
	/** Where the builtin being called stands. */
	at: Location | undefined = undefined;
	readonly depthMax: number;
	#fuel: number;
	#stepsLeft: number;
	readonly #deadline: number;

	constructor(settings: MachineSettings) {
		this.settings = settings;
		this.input = settings.input;
		this.data = settings.data;
		this.strict = settings.strict;
		this.allReasons = settings.allReasons;
		this.instrument = settings.instrument;
		this.trail = settings.provenance ? [] : undefined;
		const { limits, clockMs } = settings;
		this.depthMax = limits.depthMax;
		this.#fuel = Math.min(stepsPerCheck, limits.stepsMax);
		this.#stepsLeft = limits.stepsMax - this.#fuel;
		this.#deadline = clockMs === undefined ? Number.POSITIVE_INFINITY : clockMs() + limits.timeMsMax;
	}

	get nowNs(): bigint {
		const { nowNs } = this.settings;
		return nowNs ?? this.fail('eval_internal_error', 'the evaluation was not told the time (nowNs)', this.at);
	}

	get randomBytes(): (size: number) => Uint8Array {
		const { randomBytes } = this.settings;
		return randomBytes ?? this.fail('eval_internal_error', 'the evaluation was given no randomBytes', this.at);
	}

	get location(): string {
		return this.at === undefined ? '' : `${this.at.file}:${this.at.row}`;
	}

	/** Counts one step. */
	tick(): void {
		if (--this.#fuel < 0) this.#refuel(undefined);
	}

	/** Bound to the machine, so that builtins may pass it on. */
	readonly spend = (steps: number): void => {
		this.#fuel -= steps;
		if (this.#fuel < 0) this.#refuel(this.at);
	};

	#refuel(loc: Location | undefined): void {
		const { limits, clockMs } = this.settings;
		this.#stepsLeft += this.#fuel;
		if (this.#stepsLeft <= 0) {
			this.fail('rego_limit_error', `evaluation took more than ${limits.stepsMax} steps`, loc);
		}
		if (clockMs !== undefined && clockMs() > this.#deadline) {
			this.fail('rego_limit_error', `evaluation took longer than ${limits.timeMsMax} ms`, loc);
		}
		this.#fuel = Math.min(stepsPerCheck, this.#stepsLeft);
		this.#stepsLeft -= this.#fuel;
	}

	/** Enters a rule or function; pair with `depth--`. */
	enter(loc: Location): void {
		if (--this.#fuel < 0) this.#refuel(loc);
		if (++this.depth > this.depthMax) {
			this.fail('rego_limit_error', `rules are nested more than ${this.depthMax} deep`, loc);
		}
	}

	/** Ends the evaluation. */
	fail(code: RegoErrorCode, message: string, loc: Location | undefined): never {
		throw new RegoError([{ code, message, loc }]);
	}

	/** What a builtin's error means: undefined, or the end of the evaluation when errors are strict. */
	builtinError(error: unknown, name: string, loc: Location): undefined {
		if (error instanceof BuiltinLimitError || error instanceof NumberRangeError) {
			this.fail('rego_limit_error', `${name}: ${error.message}`, loc);
		}
		if (!(error instanceof BuiltinError)) throw error;
		if (!this.strict) return undefined;
		const code = error instanceof BuiltinTypeError ? 'eval_type_error' : 'eval_builtin_error';
		return this.fail(code, `${name}: ${error.message}`, loc);
	}

	/** Whether `with` replaced the document at `node` or one around it. */
	hides(node: RuleNode): boolean {
		if (this.hidden === undefined) return false;
		for (let at: RuleNode | undefined = node; at !== undefined; at = at.parent) if (this.hidden.has(at)) return true;
		return false;
	}

	/** State of a document in the current scope. */
	document(group: RuleGroup): DocumentState {
		let state = this.cache.get(group);
		if (state === undefined) {
			state = {
				full: undefined,
				byKey: new Map(),
				byPath: new Map(),
				entries: undefined,
				whole: undefined,
				calls: undefined,
			};
			this.cache.set(group, state);
		}
		return state;
	}

	/** Notes that a document was read. */
	read(read: Read | undefined): void {
		if (this.trail !== undefined && read !== undefined) this.trail[this.trailLength++] = read;
	}

	/** What was read since `mark`, each once. */
	readsSince(mark: number): readonly Read[] {
		const count = this.trailLength - mark;
		if (count === 0) return nothingRead;
		if (count === 1) return [this.trail![mark]!];
		return [...new Set(this.trail!.slice(mark, this.trailLength))];
	}

	/** Puts what was read since `mark` together, so that it is one step of the trail from here on. */
	bundleSince(mark: number): Read | undefined {
		const reads = this.readsSince(mark);
		const one = reads.length > 1 ? new Bundle(reads) : reads[0];
		this.trailLength = mark;
		this.read(one);
		return one;
	}

	/** A rule's exit: the documents read since `mark`. */
	cause(rule: LRule, mark: number): Cause {
		return { rule, trail: this.readsSince(mark) };
	}
}

const noCauses: Cause[] = [];

/** Evidence to which causes are yet to be added. */
export function newEvidence(group: RuleGroup, keys: readonly Value[]): Evidence {
	return { group, keys, causes: noCauses };
}

/**
 * Adds a cause. Most documents have one, so the list is made for that. A rule that finds the same member once more without
 * reading any document says nothing new.
 */
export function addCause(evidence: Evidence, cause: Cause): void {
	const { causes } = evidence;
	const last = causes.at(-1);
	if (last === undefined) evidence.causes = [cause];
	else if (last.rule !== cause.rule || last.trail !== nothingRead || cause.trail !== nothingRead) causes.push(cause);
}
