import type { Target } from '../target.ts';
import { render } from './render.ts';
import { check } from './schema.ts';

/** Interpreter ring: Monty, a Python interpreter without a standard library that reaches out, run by the agent SDK. */
export const monty: Target = {
	name: 'monty',
	position: 'interpreter',
	aspects: ['interpreter'],
	checked_against: ['@pydantic/monty 0.0.18'],
	render,
	check,
};
