/** What one evaluation may use before it ends in `rego_limit_error`. */
export interface Limits {
	/** Expressions tried, loop turns and rule calls together. */
	readonly stepsMax: number;
	/** Rules and functions inside one another. */
	readonly depthMax: number;
	/** Milliseconds by the clock handed to the evaluation; without a clock, time is not limited. */
	readonly timeMsMax: number;
	/** UTF-16 units of the result as JSON. */
	readonly outputMax: number;
}

/** Generous for a decision, small enough that a runaway policy ends within about a second. */
export const defaultLimits: Limits = {
	stepsMax: 20_000_000,
	depthMax: 256,
	timeMsMax: 10_000,
	outputMax: 32 * 1024 * 1024,
};

/** Steps between two looks at the clock. */
export const stepsPerCheck = 4096;
