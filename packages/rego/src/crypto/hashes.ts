import type { Builtin } from '../builtins/builtin.ts';
import { define } from '../builtins/declare.ts';
import { stringOperand } from '../builtins/operands.ts';
import { utf8 } from '../builtins/utf8.ts';
import { boolean, named, string } from '../types/type.ts';
import type { NodeCrypto } from './index.ts';

/** Hashes and HMACs of strings (their UTF-8 bytes), as lower-case hexadecimal. */
export function hashBuiltins(nodeCrypto: NodeCrypto): readonly Builtin[] {
	return [
		...['md5', 'sha1', 'sha256'].map((algorithm) => hash(nodeCrypto, algorithm)),
		...['md5', 'sha1', 'sha256', 'sha512'].map((algorithm) => hmac(nodeCrypto, algorithm)),
		define(
			'crypto.hmac.equal',
			'Whether two MACs are the same, in a time that says nothing of where they differ.',
			[named('mac1', string, 'one MAC'), named('mac2', string, 'the other')],
			named('result', boolean, 'whether they are equal'),
			(args) => {
				const [left, right] = [utf8(stringOperand(args, 1)), utf8(stringOperand(args, 2))];
				return left.length === right.length && nodeCrypto.timingSafeEqual(left, right);
			},
		),
	];
}

function hash(nodeCrypto: NodeCrypto, algorithm: string): Builtin {
	return define(
		`crypto.${algorithm}`,
		`The ${algorithm.toUpperCase()} hash of a string.`,
		[named('x', string, 'string to hash')],
		named('y', string, `its ${algorithm.toUpperCase()} hash in hexadecimal`),
		(args, context) => {
			const text = stringOperand(args, 1);
			context.spend(1 + (text.length >> 10));
			return nodeCrypto.createHash(algorithm).update(text, 'utf8').digest('hex');
		},
	);
}

function hmac(nodeCrypto: NodeCrypto, algorithm: string): Builtin {
	return define(
		`crypto.hmac.${algorithm}`,
		`The ${algorithm.toUpperCase()} HMAC of a string.`,
		[named('x', string, 'message'), named('key', string, 'secret key')],
		named('y', string, 'the HMAC in hexadecimal'),
		(args, context) => {
			const [text, key] = [stringOperand(args, 1), stringOperand(args, 2)];
			context.spend(1 + (text.length >> 10));
			return nodeCrypto.createHmac(algorithm, utf8(key)).update(text, 'utf8').digest('hex');
		},
	);
}
