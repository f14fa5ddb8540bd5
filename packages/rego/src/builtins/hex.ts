import { named, string } from '../types/type.ts';
import { type Builtin, BuiltinError } from './builtin.ts';
import { define } from './declare.ts';
import { codedOperand } from './operands.ts';
import { quoteChar } from './quoting.ts';
import { textOfUtf8, utf8 } from './utf8.ts';

/** `hex.encode` and `hex.decode`. */
export const hexBuiltins: readonly Builtin[] = [
	define(
		'hex.encode',
		'The bytes of a string as hexadecimal digits.',
		[named('x', string, 'string to encode')],
		named('y', string, 'serialization of `x` using hex-encoding'),
		(args, context) => encodeHex(utf8(codedOperand(args, context))),
		{ categories: ['encoding'] },
	),
	define(
		'hex.decode',
		'The text whose bytes the hexadecimal digits spell.',
		[named('x', string, 'a hex-encoded string')],
		named('y', string, 'deserialized from `x`'),
		(args, context) => textOfUtf8(decodeHex(codedOperand(args, context))),
		{ categories: ['encoding'] },
	),
];

/** Bytes as lower-case hexadecimal digits. */
export function encodeHex(bytes: Uint8Array): string {
	return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The bytes that hexadecimal digits spell. @throws {BuiltinError} as Go words it */
export function decodeHex(text: string): Uint8Array {
	const digits = utf8(text);
	for (const code of digits) {
		const char = String.fromCharCode(code);
		if (/[0-9a-fA-F]/.test(char)) continue;
		const name = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
		const shown = /[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(char)
			? ` ${quoteChar(char, false).replace("'\\''", "'''")}`
			: '';
		throw new BuiltinError(`encoding/hex: invalid byte: ${name}${shown}`);
	}
	if (digits.length % 2 === 1) throw new BuiltinError('encoding/hex: odd length hex string');
	return Uint8Array.from({ length: digits.length / 2 }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16));
}
