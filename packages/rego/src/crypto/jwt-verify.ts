import { decodeBase64Url } from '../builtins/base64.ts';
import type { Builtin, BuiltinContext } from '../builtins/builtin.ts';
import { anyObject, define } from '../builtins/declare.ts';
import { convertedOperand, objectOperand, operand, stringOperand } from '../builtins/operands.ts';
import { utf8 } from '../builtins/utf8.ts';
import { any, boolean, type NamedType, named, object, string, tuple } from '../types/type.ts';
import type { Value } from '../value/index.ts';
import { signatureAlgorithms, verifySignature } from './algorithms.ts';
import type { NodeCrypto } from './index.ts';
import { decodeVerify } from './jwt-decode-verify.ts';
import { verificationKeys } from './keys.ts';
import { signedData, verifiesWithAny } from './signature-check.ts';
import { decodeHeader, headerFields, splitToken } from './token.ts';

const jwt: NamedType = named('jwt', string, 'token to check');
const certificate: NamedType = named('certificate', string, 'PEM certificate, PEM public key, JWK or JWK set');
const secret: NamedType = named('secret', string, 'the shared secret as plain text');
const valid: NamedType = named('result', boolean, 'whether the signature is valid');

/** `io.jwt.verify_*` for one algorithm each, and `io.jwt.decode_verify`. */
export function verifyBuiltins(nodeCrypto: NodeCrypto): readonly Builtin[] {
	return [
		...[...signatureAlgorithms].map(([alg, { family }]) =>
			define(
				`io.jwt.verify_${alg.toLowerCase()}`,
				`Whether the ${alg} signature of a token is valid.`,
				[jwt, family === 'HS' ? secret : certificate],
				valid,
				(args, context) =>
					family === 'HS' ? verifyHmac(nodeCrypto, alg, args, context) : verify(nodeCrypto, alg, args, context),
			),
		),
		define(
			'io.jwt.decode_verify',
			'Checks the signature and the claims of a token, and gives its contents when all hold.',
			[
				named('jwt', string, 'token whose signature and claims are checked'),
				named('constraints', object(string, any), '`cert` or `secret`, and `alg`, `iss`, `aud`, `time` to check'),
			],
			named(
				'output',
				tuple(boolean, anyObject, anyObject),
				'`[valid, header, payload]`; `[false, {}, {}]` when a check fails',
			),
			(args, context) => {
				context.spend(1);
				return decodeVerify(nodeCrypto, operand(args, 1), objectOperand(args, 2), () => context.nowNs, context.spend);
			},
			{ nondeterministic: true },
		),
	];
}

function verifyHmac(nodeCrypto: NodeCrypto, alg: string, args: readonly Value[], context: BuiltinContext): boolean {
	const text = convertedOperand(args, context);
	const key = nodeCrypto.createSecretKey(utf8(stringOperand(args, 2)));
	const token = splitToken(text);
	return verifySignature(nodeCrypto, { alg, key, salt: 'any' }, signedData(token), decodeBase64Url(token.signature));
}

function verify(nodeCrypto: NodeCrypto, alg: string, args: readonly Value[], context: BuiltinContext): boolean {
	context.spend(1);
	const token = splitToken(operand(args, 1));
	const keys = verificationKeys(nodeCrypto, stringOperand(args, 2));
	const signature = decodeBase64Url(token.signature);
	const header = headerFields(decodeHeader(token));
	// The function names the algorithm; the header's only picks among the keys of a set.
	return verifiesWithAny(
		nodeCrypto,
		keys,
		{ kid: header.kid, tokenAlg: header.alg, alg, salt: 'any' },
		token,
		signature,
		context.spend,
	);
}
