import { any, boolean, fn, named, number, string } from '../types/type.ts';
import { compareStrings, quote } from '../value/index.ts';
import { type Builtin, BuiltinError } from './builtin.ts';
import { stringOperand } from './operands.ts';

/** `semver.is_valid` and `semver.compare`, as semver.org 2.0.0 orders versions; a leading `v` is allowed. */
export const semverBuiltins: readonly Builtin[] = [
	{
		name: 'semver.is_valid',
		description: 'Whether a value is a semantic version.',
		decl: fn([named('vsn', any, 'value to check')], named('result', boolean, 'whether `vsn` is a semantic version')),
		run: ([version]) => typeof version === 'string' && parse(version) !== undefined,
	},
	{
		name: 'semver.compare',
		description: 'The order of two semantic versions.',
		decl: fn(
			[named('a', string, 'one version'), named('b', string, 'the other')],
			named('result', number, '`-1` if `a < b`, `1` if `a > b`, `0` if they are equal'),
		),
		run: (args) => {
			const texts = [stringOperand(args, 1), stringOperand(args, 2)];
			const [a, b] = texts.map((text, index) => {
				const version = parse(text);
				if (version === undefined) {
					throw new BuiltinError(`operand ${index + 1}: string ${quote(text)} is not a valid SemVer`);
				}
				return version;
			});
			return compare(a!, b!);
		},
	},
];

interface Version {
	readonly numbers: readonly bigint[];
	readonly preRelease: string;
}

const identifiers = /^[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*$/;
const int64Max = 2n ** 63n - 1n;
const int64Digits = 19;

function withoutZeros(digits: string): string {
	return digits.replace(/^0+(?=[0-9])/, '');
}

function parse(text: string): Version | undefined {
	const [withoutMetadata, metadata] = cut(text.startsWith('v') ? text.slice(1) : text, '+');
	const [core, preRelease] = cut(withoutMetadata, '-');
	if (metadata !== '' && !identifiers.test(metadata)) return undefined;
	if (preRelease !== '' && !identifiers.test(preRelease)) return undefined;
	if (!/^[0-9]+\.[0-9]+\.[0-9]+$/.test(core)) return undefined;
	const parts = core.split('.').map(withoutZeros);
	if (parts.some((part) => part.length > int64Digits)) return undefined;
	const numbers = parts.map(BigInt);
	return numbers.every((part) => part <= int64Max) ? { numbers, preRelease } : undefined;
}

function cut(text: string, separator: string): readonly [before: string, after: string] {
	const at = text.indexOf(separator);
	return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

function compare(left: Version, right: Version): -1 | 0 | 1 {
	for (const [index, part] of left.numbers.entries()) {
		const other = right.numbers[index]!;
		if (part !== other) return part < other ? -1 : 1;
	}
	return comparePreReleases(left.preRelease, right.preRelease);
}

/** semver.org §11.4: numbers before words, by value; a version without a pre-release comes last. */
function comparePreReleases(left: string, right: string): -1 | 0 | 1 {
	if (left === right) return 0;
	if (left === '') return 1;
	if (right === '') return -1;
	const others = right.split('.');
	for (const [index, identifier] of left.split('.').entries()) {
		const other = others[index];
		if (other === undefined) return 1;
		const order = compareIdentifiers(identifier, other);
		if (order !== 0) return order < 0 ? -1 : 1;
	}
	return left.split('.').length < others.length ? -1 : 0;
}

function compareIdentifiers(left: string, right: string): number {
	const leftIsNumber = /^[0-9]+$/.test(left);
	const rightIsNumber = /^[0-9]+$/.test(right);
	if (leftIsNumber !== rightIsNumber) return leftIsNumber ? -1 : 1;
	if (!leftIsNumber) return compareStrings(left, right);
	const [a, b] = [withoutZeros(left), withoutZeros(right)];
	// Of as many digits, numbers are in the order of their texts.
	return a.length - b.length || compareStrings(a, b);
}
