import type { Target } from '../target.ts';
import { render } from './render.ts';
import { check } from './schema.ts';

/** Harness ring: Cline, which takes nothing from an administrator on the host but one variable of its environment. */
export const cline: Target = {
	name: 'cline',
	position: 'harness',
	aspects: ['tools'],
	checked_against: ['Cline CLI, documentation of 2026-11 (not run)'],
	render,
	check,
};
