import type { Target } from '../target.ts';
import { render } from './render.ts';
import { check } from './schema.ts';

/** Kernel ring on Linux, enforced by our own host: namespaces, allow-list mounts, one way out through the egress proxy. */
export const bubblewrap: Target = {
	name: 'bubblewrap',
	position: 'kernel',
	aspects: ['network', 'filesystem'],
	checked_against: ['bubblewrap 0.8.0'],
	render,
	check,
};
