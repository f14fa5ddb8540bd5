/** What an envelope carries; each kind has its own type and its own signing role. */
export type PayloadType =
	| 'application/vnd.tappass.root+json'
	| 'application/vnd.tappass.policy+json'
	| 'application/vnd.tappass.freshness+json';

/** Type of a root document. */
export const rootPayloadType: PayloadType = 'application/vnd.tappass.root+json';
/** Type of a `PolicyStatement`. */
export const policyPayloadType: PayloadType = 'application/vnd.tappass.policy+json';
/** Type of a `Freshness` statement. */
export const freshnessPayloadType: PayloadType = 'application/vnd.tappass.freshness+json';
