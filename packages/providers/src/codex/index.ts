import type { Target } from '../target.ts';
import { render } from './render.ts';
import { check } from './schema.ts';

/** Harness ring: Codex under managed requirements, with one permission profile that nobody can leave. */
export const codex: Target = {
	name: 'codex',
	position: 'harness',
	aspects: ['network', 'filesystem', 'tools'],
	checked_against: ['Codex 0.169.0'],
	render,
	check,
};
