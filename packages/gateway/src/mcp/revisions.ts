import type { Json } from '@tappass/core';
import { isObject, type JsonObject } from './rpc.ts';

/** Revisions that begin with `initialize`; the last is what is offered to a client that asks for another. */
export const sessionRevisions: readonly string[] = ['2025-03-26', '2025-06-18', '2025-11-25'];
/** The revision in which each request stands for itself. */
export const statelessRevision = '2026-07-28';
/** All that are spoken here, the newest first. */
export const revisions: readonly string[] = [statelessRevision, ...sessionRevisions.toReversed()];

/** Members of `_meta` by which a request of the stateless revision says what it needs. */
export const metaKeys = {
	version: 'io.modelcontextprotocol/protocolVersion',
	capabilities: 'io.modelcontextprotocol/clientCapabilities',
	clientInfo: 'io.modelcontextprotocol/clientInfo',
	serverInfo: 'io.modelcontextprotocol/serverInfo',
	logLevel: 'io.modelcontextprotocol/logLevel',
	subscription: 'io.modelcontextprotocol/subscriptionId',
} as const;

/** Levels of what servers log, the least first. */
export const logLevels: readonly string[] = [
	'debug',
	'info',
	'notice',
	'warning',
	'error',
	'critical',
	'alert',
	'emergency',
];

/** Error codes that the stateless revision added. */
export const statelessCodes = {
	headerMismatch: -32_020,
	missingCapability: -32_021,
	unsupportedVersion: -32_022,
} as const;

/** What we call ourselves, as a server. */
export const serverInfo: JsonObject = { name: 'tappass', title: 'TapPass MCP Broker', version: '0.1.0' };

/** Of what a client can do: what it can be asked. */
export function askable(capabilities: Json | undefined): JsonObject {
	if (!isObject(capabilities)) return {};
	const { elicitation, roots, sampling } = capabilities;
	return {
		...(isObject(elicitation) ? { elicitation: only(elicitation, ['form', 'url']) } : {}),
		...(isObject(roots) ? { roots: {} } : {}),
		...(isObject(sampling) ? { sampling: only(sampling, ['context', 'tools']) } : {}),
	};
}

/** Of an object, that it has these members: what else a client writes there would reach servers unseen. */
function only(object: JsonObject, names: readonly string[]): JsonObject {
	return Object.fromEntries(names.filter((name) => isObject(object[name])).map((name) => [name, {}]));
}

const needs: Readonly<Record<string, string>> = {
	'elicitation/create': 'elicitation',
	'sampling/createMessage': 'sampling',
	'roots/list': 'roots',
};

/** Whether a client with these capabilities can be asked this. */
export function canBeAsked(capabilities: JsonObject, method: string): boolean {
	const needed = needs[method];
	return needed !== undefined && isObject(capabilities[needed]);
}

/** Fields of a result that clients with sessions do not know. */
const statelessFields: readonly string[] = ['cacheScope', 'resultType', 'ttlMs'];
const cacheable: ReadonlySet<string> = new Set([
	'prompts/list',
	'resources/list',
	'resources/read',
	'resources/templates/list',
	'server/discover',
	'tools/list',
]);

/** A result as clients of the stateless revision read it. What one agent may see is nobody else's: it is cached by none. */
export function toStateless(method: string, result: JsonObject): JsonObject {
	const meta = isObject(result['_meta']) ? result['_meta'] : {};
	return {
		...result,
		resultType: result['resultType'] ?? 'complete',
		...(cacheable.has(method) ? { ttlMs: 0, cacheScope: 'private' } : {}),
		_meta: { ...meta, [metaKeys.serverInfo]: serverInfo },
	};
}

/** A result as clients with sessions read it. */
export function toSessions(result: JsonObject): JsonObject {
	return Object.fromEntries(Object.entries(result).filter(([name]) => !statelessFields.includes(name)));
}
