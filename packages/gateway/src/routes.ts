import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ErrorCode } from '@tappass/core';
import type { Agent } from 'undici';
import type { Broker } from './mcp/broker.ts';
import type { Pipeline } from './pipeline/admission.ts';
import type { Wire } from './pipeline/call.ts';
import type { GatewayPorts } from './ports.ts';

/** What every door is given. */
export interface DoorContext {
	readonly pipeline: Pipeline;
	readonly ports: GatewayPorts;
	/** Connections to MCP servers. */
	readonly broker: Broker;
	/** Connections to upstreams. */
	readonly agent: Agent;
	/** A fault that no caller can be told of, for the log. */
	readonly report: (fault: { readonly code: ErrorCode; readonly request_id: string; readonly cause: unknown }) => void;
}

/** One address of the agent plane. */
export interface Route {
	readonly method: 'GET' | 'POST' | 'DELETE';
	readonly path: string;
	/** The wire that errors are told in, also those that no door gets to see. */
	readonly wire: Wire;
	/** What a call of it may reach. Whatever reaches a model or a tool passes `pipeline.admit`; a test walks this list. */
	readonly reaches: 'model' | 'tool' | 'nothing';
	/** It says the same to everybody, and does not ask who calls. */
	readonly public?: boolean;
	/** Answers the request, whatever happens. */
	readonly serve: (req: IncomingMessage, res: ServerResponse, context: DoorContext) => Promise<void>;
}
