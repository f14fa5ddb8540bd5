import fc from 'fast-check';
import { parseNumber, RegoObject, RegoSet, type Value } from './index.ts';

/** Numbers in every form: small, large, with kept texts, doubles. */
export const numbers: fc.Arbitrary<Value> = fc.oneof(
	fc.integer({ min: -5, max: 5 }),
	fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }).map((n) => parseNumber(n.toString())!),
	fc
		.tuple(fc.integer({ min: -50, max: 50 }), fc.constantFrom('', '.0', '.5', '.50', 'e1', 'e-1', '.5e1', '00'))
		.map(([n, tail]) => parseNumber(`${n}${n === 0 && tail === '00' ? '' : tail}`)!),
	fc.double({ noNaN: true, noDefaultInfinity: true }),
);
/** Strings, among them those that maps and printers trip over. */
export const strings: fc.Arbitrary<string> = fc.oneof(
	fc.constantFrom('', 'a', '\0', '\0[', '__proto__', '😀', '\uff61'),
	fc.string({ unit: 'binary' }),
);

/** Any Rego value, nested up to three deep. */
export const values: fc.Arbitrary<Value> = fc.letrec<{ value: Value }>((tie) => ({
	value: fc.oneof(
		{ maxDepth: 3, depthSize: 'small' },
		fc.constantFrom(null, true, false),
		numbers,
		strings,
		fc.array(tie('value'), { maxLength: 3 }),
		fc.array(tie('value'), { maxLength: 3 }).map((items) => RegoSet.of(items)),
		fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 3 }).map((entries) => RegoObject.of(entries)),
		fc.dictionary(strings, tie('value'), { maxKeys: 3 }),
	),
})).value;
