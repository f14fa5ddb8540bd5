import { aggregateBuiltins } from './aggregates.ts';
import { arithmeticBuiltins, comparisonBuiltins } from './arithmetic.ts';
import { arrayBuiltins } from './arrays.ts';
import { base64Builtins } from './base64.ts';
import { bitBuiltins } from './bits.ts';
import type { Builtin } from './builtin.ts';
import { cidrBuiltins } from './cidr.ts';
import { globBuiltins } from './glob.ts';
import { graphBuiltins } from './graph.ts';
import { hexBuiltins } from './hex.ts';
import { jsonPatchBuiltins } from './json-patch.ts';
import { jsonPathBuiltins } from './json-paths.ts';
import { jsonSchemaBuiltins } from './json-schema.ts';
import { jsonTextBuiltins } from './json-text.ts';
import { numberBuiltins } from './numbers.ts';
import { objectBuiltins } from './objects.ts';
import { randBuiltins } from './rand.ts';
import { regexBuiltins } from './regex.ts';
import { semverBuiltins } from './semver.ts';
import { setBuiltins } from './sets.ts';
import { specialBuiltins } from './special.ts';
import { stringBuiltins } from './strings.ts';
import { timeBuiltins } from './time.ts';
import { typeBuiltins } from './types.ts';
import { unitBuiltins } from './units.ts';
import { uriBuiltins } from './uri.ts';
import { uuidBuiltins } from './uuid.ts';
import { yamlBuiltins } from './yaml.ts';

const families: readonly (readonly Builtin[])[] = [
	aggregateBuiltins,
	arithmeticBuiltins,
	arrayBuiltins,
	base64Builtins,
	bitBuiltins,
	cidrBuiltins,
	comparisonBuiltins,
	globBuiltins,
	graphBuiltins,
	hexBuiltins,
	jsonPatchBuiltins,
	jsonPathBuiltins,
	jsonSchemaBuiltins,
	jsonTextBuiltins,
	numberBuiltins,
	objectBuiltins,
	randBuiltins,
	regexBuiltins,
	semverBuiltins,
	setBuiltins,
	specialBuiltins,
	stringBuiltins,
	timeBuiltins,
	typeBuiltins,
	unitBuiltins,
	uriBuiltins,
	uuidBuiltins,
	yamlBuiltins,
];

/** Every builtin of the main entry, by name; the crypto ones come from `@tappass/rego/crypto`. */
export const coreBuiltins: ReadonlyMap<string, Builtin> = new Map(
	families.flat().map((builtin) => [builtin.name, builtin]),
);
