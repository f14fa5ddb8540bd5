import type { OutputDetector } from '@tappass/detect';
import type { Program } from '@tappass/rego';
import type { CapabilityClaims, TrustedRoot } from '@tappass/trust';
import type { RE2JS } from 're2js';
import { gatewayLimits } from '../limits.ts';
import type { BoundPolicy } from '../ports.ts';
import { BoundedMap } from './bounded-map.ts';
import type { Reading } from './detectors.ts';

/** Claims of a token, and the root that they were verified with. */
export interface KnownToken {
	readonly claims: CapabilityClaims;
	readonly root: TrustedRoot;
}

/** What a process remembers between calls. Nothing in it decides anything that is not asked again. */
export interface Caches {
	/** By the hash of the token. */
	readonly tokens: BoundedMap<KnownToken>;
	/** Sources of decision rules → their program. */
	readonly programs: BoundedMap<Program>;
	readonly patterns: BoundedMap<RE2JS>;
	/** Texts that were read, by their hash, and with them what was found. */
	readonly readings: BoundedMap<Reading>;
	/** The detectors of step 27 for each policy. */
	readonly output: WeakMap<BoundPolicy, readonly OutputDetector[]>;
	/** Unknown tools that were reported. */
	readonly reports: BoundedMap<true>;
}

export function createCaches(): Caches {
	return {
		tokens: new BoundedMap(gatewayLimits.tokensKeptMax),
		programs: new BoundedMap(gatewayLimits.programsKeptMax),
		patterns: new BoundedMap(gatewayLimits.patternsKeptMax),
		readings: new BoundedMap(gatewayLimits.readingsKeptMax),
		output: new WeakMap(),
		reports: new BoundedMap(gatewayLimits.reportsKeptMax),
	};
}
