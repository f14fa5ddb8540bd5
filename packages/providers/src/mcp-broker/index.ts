import type { Target } from '../target.ts';
import { render } from './render.ts';
import { check } from './schema.ts';

/** The MCP Broker: which tools, and which schemas of which servers, each call may touch. */
export const mcpBroker: Target = {
	name: 'mcp-broker',
	position: 'mcp_broker',
	aspects: ['tools', 'budget', 'compliance'],
	checked_against: ['tappass.broker-rules/1'],
	render,
	check,
};
