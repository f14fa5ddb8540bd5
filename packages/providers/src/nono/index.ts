import type { Target } from '../target.ts';
import { render } from './render.ts';
import { check } from './schema.ts';

/** Kernel ring: nono, Landlock or Seatbelt around one command, with a proxy that filters names. */
export const nono: Target = {
	name: 'nono',
	position: 'kernel',
	aspects: ['network', 'filesystem'],
	checked_against: ['nono 0.74.0 (schema)', 'nono 0.81.0'],
	render,
	check,
};
