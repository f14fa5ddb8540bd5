import type { FunctionType } from '../types/type.ts';
import type { Value } from '../value/value.ts';

/** What a builtin may see of the evaluation that calls it. Everything is fixed for one evaluation: same input, same result. */
export interface BuiltinContext {
	/** Start of the evaluation, nanoseconds since the Unix epoch; `time.now_ns` is constant within one. */
	readonly nowNs: bigint;
	/** Source of `rand.intn` and `uuid.rfc4122`: `size` bytes. */
	readonly randomBytes: (size: number) => Uint8Array;
	/** Memo of this evaluation, for what must stay the same within it (random values) or is dear to build. */
	readonly memo: Map<string, unknown>;
	/** Counts `steps` against the evaluation's budget; throws `rego_limit_error` when it is spent. Call it in any loop over data. */
	readonly spend: (steps: number) => void;
	/** Where the call stands, `file:row`, for `trace`, `print` and `opa.runtime`-like builtins. */
	readonly location: string;
}

/**
 * One builtin function. `run` is handed values whose types were *not* checked: it throws `BuiltinTypeError` for a wrong
 * operand (see `operands.ts`), `BuiltinError` for a bad value, and returns `undefined` where OPA's gives no result.
 */
export interface Builtin {
	readonly name: string;
	readonly decl: FunctionType;
	/** Operator text, for the builtins behind operators. */
	readonly infix?: string;
	readonly nondeterministic?: boolean;
	readonly deprecated?: boolean;
	readonly description?: string;
	readonly categories?: readonly string[];
	readonly run: (args: readonly Value[], context: BuiltinContext) => Value | undefined;
}

/** A bad value: `eval_builtin_error`. The evaluator puts `name: ` before the message. */
export class BuiltinError extends Error {
	override readonly name: string = 'BuiltinError';
}

/**
 * What OPA would do and this engine does not, for it would take too much: `rego_limit_error`, which ends the evaluation.
 * As an error of the builtin it would be undefined, and a rule that denies would let pass what is too large to judge.
 */
export class BuiltinLimitError extends Error {
	override readonly name = 'BuiltinLimitError';
}

/** A wrong operand type: `eval_type_error`. The message reads `operand 1 must be string but got number`. */
export class BuiltinTypeError extends BuiltinError {
	override readonly name = 'BuiltinTypeError';
}
