/**
 * The builtins that need cryptography, apart from the main entry so that it runs where there is no Node. The module
 * is handed in: this entry imports nothing of Node at run time.
 */
import type { Builtin } from '../builtins/builtin.ts';
import { hashBuiltins } from './hashes.ts';
import { decodeBuiltins } from './jwt-decode.ts';
import { signBuiltins } from './jwt-sign.ts';
import { verifyBuiltins } from './jwt-verify.ts';

/** The part of `node:crypto` that is used, as its own type. */
export type NodeCrypto = typeof import('node:crypto');

/** `crypto.md5`, `crypto.sha1`, `crypto.sha256`, `crypto.hmac.*` and `io.jwt.*`, all synchronous. */
export function cryptoBuiltins(nodeCrypto: NodeCrypto): readonly Builtin[] {
	return [...hashBuiltins(nodeCrypto), ...decodeBuiltins, ...verifyBuiltins(nodeCrypto), ...signBuiltins(nodeCrypto)];
}
