import type { Target } from '../target.ts';
import { render } from './render.ts';
import { check } from './schema.ts';

/** Kernel ring: Anthropic's sandbox-runtime, bubblewrap or Seatbelt around one command with filtering proxies. */
export const sandboxRuntime: Target = {
	name: 'sandbox-runtime',
	position: 'kernel',
	aspects: ['network', 'filesystem'],
	checked_against: ['@anthropic-ai/sandbox-runtime 0.0.83'],
	render,
	check,
};
