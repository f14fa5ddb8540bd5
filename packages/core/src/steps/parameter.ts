import { z } from 'zod';
import { limits } from '../limits.ts';
import type { ParameterValue } from './steps.ts';

/** A text that is stored and hashed: canonical JSON cannot say half a character. */
export const textSchema: z.ZodType<string> = z
	.string()
	.min(1)
	.max(limits.textLengthMax)
	.refine((value) => value.isWellFormed(), { error: 'expected whole characters, found half a surrogate pair' });

/**
 * One parameter of a step, with the direction in which it is stricter:
 * `max`/`min` – the larger/smaller number is stricter; `true_wins`/`false_wins`; `union`/`intersection` of lists; `last` – the
 * later of `values` is stricter.
 */
export type StepParameter =
	| { readonly type: 'boolean'; readonly strict: 'true_wins' | 'false_wins'; readonly unstated?: boolean }
	| {
			readonly type: 'integer';
			readonly strict: 'max' | 'min';
			readonly unit: string;
			readonly min: 0;
			readonly max: number;
			/** What the step goes by when nobody states it; without it there is no bound then. */
			readonly unstated?: number;
	  }
	| {
			readonly type: 'list';
			/** A union that names nothing means everything there is, an intersection that names nothing means nothing. */
			readonly strict: 'union' | 'intersection';
			readonly meaning: string;
			/** With a union: all that there are. */
			readonly values?: readonly string[];
			/** With an intersection: what holds when nobody states it; without it everything does. */
			readonly unstated?: readonly string[];
	  }
	| { readonly type: 'choice'; readonly strict: 'last'; readonly values: readonly string[] };

/** A ceiling: the smaller number is stricter. */
export function maximum(unit: string, max: number, unstated?: number): StepParameter {
	return { type: 'integer', strict: 'min', unit, min: 0, max, ...(unstated === undefined ? {} : { unstated }) };
}
/** A floor: the larger number is stricter. */
export function minimum(unit: string, max: number, unstated?: number): StepParameter {
	return { type: 'integer', strict: 'max', unit, min: 0, max, ...(unstated === undefined ? {} : { unstated }) };
}
/** A switch that is stricter when on. */
export function switchOn(): { readonly type: 'boolean'; readonly strict: 'true_wins' | 'false_wins' } {
	return { type: 'boolean', strict: 'true_wins' };
}
export function list(strict: 'union' | 'intersection', meaning: string, values?: readonly string[]): StepParameter {
	return values === undefined ? { type: 'list', strict, meaning } : { type: 'list', strict, meaning, values };
}
/** A choice whose values run from loose to strict. */
export function mode(values: readonly string[]): StepParameter {
	return { type: 'choice', strict: 'last', values };
}

/** The stricter of two values of one parameter: the law by which levels, Packs and overlays merge. */
export function stricterParameter(parameter: StepParameter, a: ParameterValue, b: ParameterValue): ParameterValue {
	switch (parameter.strict) {
		case 'true_wins':
			return a === true || b === true;
		case 'false_wins':
			return a === true && b === true;
		case 'min':
			return Math.min(Number(a), Number(b));
		case 'max':
			return Math.max(Number(a), Number(b));
		case 'union': {
			const [x, y] = [strings(a), strings(b)];
			return x.length === 0 || y.length === 0 ? everything(parameter) : sortedSet([...x, ...y]);
		}
		case 'intersection':
			return sortedSet(strings(a).filter((item) => strings(b).includes(item)));
		case 'last':
			return parameter.values.indexOf(String(a)) >= parameter.values.indexOf(String(b)) ? a : b;
	}
}

/** Whether `below` is looser than `above`: what a level may not say about a floor. */
export function isLooserParameter(parameter: StepParameter, above: ParameterValue, below: ParameterValue): boolean {
	// A lower union adds nothing by naming less: what is above stays in force. Every other direction is looser when it would change.
	if (parameter.strict === 'union') return false;
	const merged = stricterParameter(parameter, above, below);
	return JSON.stringify(merged) !== JSON.stringify(parameter.type === 'list' ? sortedSet(strings(below)) : below);
}

function strings(value: ParameterValue): readonly string[] {
	return Array.isArray(value) ? value : [];
}
function sortedSet(items: readonly string[]): readonly string[] {
	return [...new Set(items)].sort();
}

/**
 * What a step that runs goes by when nobody states the parameter: it must not get looser because somebody else states less.
 * Undefined where that is the loosest there is.
 */
export function impliedParameter(parameter: StepParameter): ParameterValue | undefined {
	if (parameter.strict === 'union') return everything(parameter);
	return 'unstated' in parameter ? parameter.unstated : undefined;
}

/** A list of a union that names nothing, and one that names all there are, are one. */
function everything({ values }: { readonly values?: readonly string[] }): readonly string[] {
	return sortedSet(values ?? []);
}

/** Strict zod object of a parameter table; every parameter optional. */
export function parametersSchema(
	parameters: Readonly<Record<string, StepParameter>>,
): z.ZodType<Readonly<Record<string, ParameterValue>>> {
	const shape = Object.fromEntries(
		Object.entries(parameters).map(([name, parameter]) => [name, schemaOf(parameter).optional()]),
	);
	return z.strictObject(shape) as unknown as z.ZodType<Readonly<Record<string, ParameterValue>>>;
}

function schemaOf(parameter: StepParameter): z.ZodType {
	switch (parameter.type) {
		case 'boolean':
			return z.boolean();
		case 'integer':
			return z.int().min(parameter.min).max(parameter.max);
		case 'choice':
			return z.enum(parameter.values);
		case 'list':
			return z.array(parameter.values === undefined ? textSchema : z.enum(parameter.values)).max(limits.listEntriesMax);
	}
}
