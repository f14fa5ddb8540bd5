import type { Target } from '../target.ts';
import { render } from './render.ts';
import { check } from './schema.ts';

/** Harness ring: Cursor, whose only file on the host that an administrator owns is the list of hooks. */
export const cursor: Target = {
	name: 'cursor',
	position: 'harness',
	aspects: ['network', 'filesystem', 'tools'],
	checked_against: ['Cursor hooks, documentation of 2026-11 (not run)'],
	render,
	check,
};
