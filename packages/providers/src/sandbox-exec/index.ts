import type { Target } from '../target.ts';
import { render } from './render.ts';
import { check } from './schema.ts';

/** Kernel ring on macOS: a Seatbelt profile for sandbox-exec. */
export const sandboxExec: Target = {
	name: 'sandbox-exec',
	position: 'kernel',
	aspects: ['network', 'filesystem'],
	checked_against: ['Seatbelt profile version 1 (not run)'],
	render,
	check,
};
