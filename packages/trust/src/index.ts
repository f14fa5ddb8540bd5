export { walkRoots } from './accept/accept-root-chain.ts';
export { type Acceptance, type Decision, decide, type Rejection } from './accept/decide.ts';
export { type Floor, type FloorOrNone, parseFloor, serializeFloor } from './accept/floor.ts';
export type { Now } from './accept/now.ts';
export { remaining } from './accept/remaining.ts';
export { createState, type Held, type State, spendRootRefresh } from './accept/state.ts';
export { type VerifiedKeyring, verifyKeyring } from './accept/verify-keyring.ts';
export { type CapabilityClaims, capabilityClaimsSchema, type TokenAudience } from './capability-token/claims.ts';
export { joinToken, tokenMessage } from './capability-token/compact.ts';
export { allowDenyDigest, narrowedRate } from './capability-token/narrow.ts';
export { verifyCapabilityToken } from './capability-token/verify-token.ts';
export { decodeBase64, decodeBase64Url, encodeBase64, encodeBase64Url } from './envelope/base64.ts';
export type { Envelope } from './envelope/envelope.ts';
export { preAuthenticationEncoding } from './envelope/pae.ts';
export {
	freshnessPayloadType,
	type PayloadType,
	policyPayloadType,
	rootPayloadType,
} from './envelope/payload-type.ts';
export { importPublicKey, type KeyAlgorithm, keyId, type PublicKey } from './keys/public-key.ts';
export {
	type KeyRole,
	keyRoles,
	type ListedKey,
	type RoleKeys,
	type RootDocument,
	rootDocumentSchema,
} from './keys/root-document.ts';
export { laterRoot, nextRoot, pinRoot, roleKeys, type TrustedRoot } from './keys/trusted-root.ts';
export { protocolVersion, trustLimits } from './limits.ts';
export { type Freshness, freshnessSchema } from './statement/freshness.ts';
export { instantSchema } from './statement/instant.ts';
export {
	type DomainCategories,
	type PolicyStatement,
	policyStatementSchema,
	type ToolAliases,
} from './statement/policy-statement.ts';
export {
	type CertificateAnswer,
	certificateAnswerSchema,
	type EnrolmentAnswer,
	type ExchangeRequest,
	enrolmentAnswerSchema,
	exchangeRequestSchema,
	type RenewalRequest,
	type RootsAnswer,
	renewalRequestSchema,
	rootsAnswerSchema,
} from './sync/enrolment.ts';
export {
	type EventsRequest,
	eventsRequestSchema,
	type HostEvent,
	type RingStatus,
	type SessionAnswer,
	type SessionRequest,
	type Snapshot,
	type StatusReport,
	type SyncRejected,
	sessionRequestSchema,
	statusReportSchema,
	syncRejectedSchema,
} from './sync/messages.ts';
export type { Audience } from './verify/audience.ts';
