export {
	type DevelopmentTerms,
	developmentIdentity,
	makeDevelopmentKeyring,
	makeDevelopmentRoot,
} from './dev/make-keyring.ts';
export { decodeKeys, encodeKeys, generateKeys, type KeySet, keyFileNames } from './keys/key-set.ts';
export { generateSigner, type LocalSigner, signerFromPem } from './keys/local-signer.ts';
export type { Signer } from './keys/signer.ts';
export { mintToken } from './sign/mint-token.ts';
export { documentBytes } from './sign/sign-envelope.ts';
export { signFreshness } from './sign/sign-freshness.ts';
export { type SignedPolicyStatement, signPolicyStatement } from './sign/sign-policy-statement.ts';
export { composeRoot, type RootTerms, signRoot } from './sign/sign-root.ts';
