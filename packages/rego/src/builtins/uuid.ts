import { any, fn, named, object, string } from '../types/type.ts';
import { normalInteger, ObjectBuilder, print, type Value } from '../value/index.ts';
import type { Builtin, BuiltinContext } from './builtin.ts';
import { stringOperand } from './operands.ts';

/** `uuid.rfc4122` and `uuid.parse`. */
export const uuidBuiltins: readonly Builtin[] = [
	{
		name: 'uuid.rfc4122',
		description: 'A random UUID (version 4); within one evaluation the same for the same argument.',
		nondeterministic: true,
		decl: fn([named('k', string, 'what the UUID is kept under')], named('output', string, 'a version 4 UUID')),
		run: ([key], context) => randomUuid(key!, context),
	},
	{
		name: 'uuid.parse',
		description: 'The fields of a UUID; undefined for anything else.',
		decl: fn(
			[named('uuid', string, 'UUID to parse, plain, in braces, as a URN or without dashes')],
			named('result', object(string, any), '`version` and `variant`; for versions 1 and 2 time and node as well'),
		),
		run: (args) => parse(stringOperand(args, 1)),
	},
];

function randomUuid(key: Value, context: BuiltinContext): string {
	const memoKey = `uuid.rfc4122 ${print(key)}`;
	const held = context.memo.get(memoKey);
	if (typeof held === 'string') return held;
	const bytes = Uint8Array.from(context.randomBytes(16));
	bytes[6] = (bytes[6]! & 0x0f) | 0x40;
	bytes[8] = (bytes[8]! & 0x3f) | 0x80;
	const made = Array.from(bytes, hexByte)
		.join('')
		.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
	context.memo.set(memoKey, made);
	return made;
}

function parse(text: string): Value | undefined {
	const bytes = uuidBytes(text);
	if (bytes === undefined) return undefined;
	const view = new DataView(bytes.buffer);
	const version = bytes[6]! >> 4;
	const fields = new ObjectBuilder();
	fields.set('version', version);
	fields.set('variant', variant(bytes[8]!));
	if (version === 1 || version === 2) {
		const node = Array.from(bytes.subarray(10), hexByte);
		fields.set('time', unixNanoseconds(view));
		fields.set('nodeid', node.join('-'));
		fields.set('macvariables', macVariables(bytes[10]!));
		fields.set('clocksequence', view.getUint16(8) & 0x3fff);
	}
	if (version === 2) {
		fields.set('id', view.getUint32(0));
		fields.set('domain', ['Person', 'Group', 'Org'][bytes[9]!] ?? `Domain${bytes[9]!}`);
	}
	return fields.build();
}

/** The four spellings: plain (36 characters), `urn:uuid:` in front, a pair of any brackets around, or bare digits. */
function uuidBytes(text: string): Uint8Array<ArrayBuffer> | undefined {
	let plain = text;
	if (text.length === 45 && text.slice(0, 9).toLowerCase() === 'urn:uuid:') plain = text.slice(9);
	else if (text.length === 38) plain = text.slice(1, 37);
	const dashed = /^([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{12})$/i.exec(plain);
	const digits = dashed === null ? text : dashed.slice(1).join('');
	if (!/^[0-9a-f]{32}$/i.test(digits)) return undefined;
	return Uint8Array.from({ length: 16 }, (_, index) => Number.parseInt(digits.slice(2 * index, 2 * index + 2), 16));
}

function hexByte(byte: number): string {
	return byte.toString(16).padStart(2, '0');
}

function variant(byte: number): string {
	if ((byte & 0xc0) === 0x80) return 'RFC4122';
	if ((byte & 0xe0) === 0xc0) return 'Microsoft';
	if ((byte & 0xe0) === 0xe0) return 'Future';
	return 'Reserved';
}

function macVariables(byte: number): string {
	return `${byte & 2 ? 'local' : 'global'}:${byte & 1 ? 'multicast' : 'unicast'}`;
}

/** 100 ns intervals from the Gregorian reform (15 October 1582) to the Unix epoch. */
const intervalsToUnix = 122_192_928_000_000_000n;

function unixNanoseconds(view: DataView): number | bigint {
	const low = BigInt(view.getUint32(0));
	const middle = BigInt(view.getUint16(4));
	const high = BigInt(view.getUint16(6) & 0x0fff);
	const intervals = (high << 48n) | (middle << 32n) | low;
	return normalInteger(BigInt.asIntN(64, (intervals - intervalsToUnix) * 100n));
}
