import type { Target } from '../target.ts';
import { render } from './render.ts';
import { check } from './schema.ts';

/** Harness ring: Claude Code under managed settings that users and repositories cannot loosen. */
export const claudeCode: Target = {
	name: 'claude-code',
	position: 'harness',
	aspects: ['network', 'filesystem', 'tools'],
	checked_against: ['Claude Code 2.1.197'],
	render,
	check,
};
