import type { Target } from '../target.ts';
import { render } from './render.ts';
import { check } from './schema.ts';

/** The LLM Gateway: claims of the capability token, and the rules it holds every prompt, completion and emitted tool call to. */
export const llmGateway: Target = {
	name: 'llm-gateway',
	position: 'llm_gateway',
	aspects: ['network', 'tools', 'budget'],
	checked_against: ['tappass.gateway-rules/1'],
	render,
	check,
};
