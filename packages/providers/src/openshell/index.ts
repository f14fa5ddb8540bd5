import type { Target } from '../target.ts';
import { render } from './render.ts';
import { check } from './schema.ts';

/** Kernel ring: a container whose files Landlock guards and whose connections its own proxy inspects. */
export const openshell: Target = {
	name: 'openshell',
	position: 'kernel',
	aspects: ['network', 'filesystem'],
	checked_against: ['OpenShell v0.0.111 (schema)', 'OpenShell v0.1.5 (documents)'],
	render,
	check,
};
