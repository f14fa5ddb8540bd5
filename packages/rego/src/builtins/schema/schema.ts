import type { RE2JS } from 're2js';
import type { NumberValue, Value } from '../../value/index.ts';

/** Types that `type` may name, in the order messages list them. */
export const schemaTypes: readonly string[] = ['array', 'boolean', 'integer', 'number', 'null', 'object', 'string'];

/**
 * A schema made ready to validate. Keywords that are absent constrain nothing. Fields are written once, while the
 * schema is compiled: a reference may lead back to a schema that is still being filled.
 */
export interface Schema {
	/** The whole schema is `true` or `false`. */
	pass?: boolean;
	/** `$ref`: the other keywords are ignored, as before draft 2019-09. */
	ref?: Schema;
	types: string[];
	allOf: Schema[];
	anyOf: Schema[];
	oneOf: Schema[];
	not?: Schema;
	if?: Schema;
	then?: Schema;
	else?: Schema;
	/** Text for messages beside each value. */
	const?: { readonly value: Value; readonly text: string };
	enum?: readonly { readonly value: Value; readonly text: string }[];
	format?: string;

	properties: Map<string, Schema>;
	patternProperties: { readonly pattern: RE2JS; readonly schema: Schema }[];
	additionalProperties?: boolean | Schema;
	propertyNames?: Schema;
	required: string[];
	dependencies: Map<string, readonly string[] | Schema>;
	minProperties?: number;
	maxProperties?: number;

	items?: Schema | readonly Schema[];
	additionalItems?: boolean | Schema;
	contains?: Schema;
	uniqueItems?: boolean;
	minItems?: number;
	maxItems?: number;

	multipleOf?: NumberValue;
	minimum?: NumberValue;
	maximum?: NumberValue;
	exclusiveMinimum?: NumberValue;
	exclusiveMaximum?: NumberValue;

	pattern?: RE2JS;
	minLength?: number;
	maxLength?: number;
}

/** A schema that allows everything, to be filled. */
export function openSchema(): Schema {
	return {
		types: [],
		allOf: [],
		anyOf: [],
		oneOf: [],
		properties: new Map(),
		patternProperties: [],
		required: [],
		dependencies: new Map(),
	};
}
