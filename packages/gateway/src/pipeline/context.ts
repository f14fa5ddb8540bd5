import type { Finding } from '@tappass/core';
import type { GatewayPorts } from '../ports.ts';
import type { Caches } from './caches.ts';
import type { CallState } from './call-state.ts';
import type { Cuts } from './cuts.ts';
import type { Detectors } from './detectors.ts';

/** What every step is given besides the state of its call. */
export interface Context {
	readonly ports: GatewayPorts;
	readonly detectors: Detectors;
	readonly caches: Caches;
	readonly cuts: Cuts;
	/** Runs steps 11 and 19 to 24 on a tool call that a model emitted. */
	readonly judgeEmission: (state: CallState) => Promise<readonly Finding[]>;
}
