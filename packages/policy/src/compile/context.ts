import type { Diagnostic } from '@tappass/core';
import type { Place } from '../author/input.ts';
import type { Merged } from '../cascade/cascade.ts';
import type { Universe } from '../cascade/denied.ts';
import type { Trails } from './trails.ts';

/** What each Aspect is compiled from, and where it leaves its reasons and warnings. */
export interface CompileContext {
	readonly merged: Merged;
	readonly universe: Universe;
	readonly trails: Trails;
	readonly warn: (message: string, hint: string, place?: Place) => void;
	readonly warnings: readonly Diagnostic[];
}
