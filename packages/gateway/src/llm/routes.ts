import type { IncomingMessage, ServerResponse } from 'node:http';
import { TapPassError } from '@tappass/core';
import { answerJson, requestIdHeaders } from '../http/answer.ts';
import { callerOf } from '../http/caller.ts';
import type { Identified } from '../pipeline/admission.ts';
import type { DoorContext, Route } from '../routes.ts';
import { serveModelCall } from './model-door.ts';
import { answerDenial, denialOf } from './refuse.ts';
import type { WireFormat } from './wire.ts';
import { chatWire, countTokensWire, messagesWire, responsesWire } from './wires.ts';

/** The doors to models. */
export const modelRoutes: readonly Route[] = [
	...[chatWire, responsesWire, messagesWire, countTokensWire].map(
		(wire): Route => ({
			method: 'POST',
			path: `/v1${wire.path}`,
			wire: wire.wire,
			reaches: 'model',
			serve: (req, res, context) => serveModelCall(context, wire, req, res),
		}),
	),
	{ method: 'GET', path: '/v1/models', wire: 'openai-chat', reaches: 'nothing', serve: serveModels },
	{ method: 'GET', path: '/v1/models/*', wire: 'openai-chat', reaches: 'nothing', serve: serveModels },
];

/** `GET /v1/models` and `/v1/models/{id}`: what the caller's policy lets it call, for clients of both wires. */
async function serveModels(req: IncomingMessage, res: ServerResponse, context: DoorContext): Promise<void> {
	const wire: WireFormat = req.headers['anthropic-version'] === undefined ? chatWire : messagesWire;
	const who = await context.pipeline.identify(wire.wire, callerOf(req, res, wire.wire, '/v1/models'));
	if (who.effect === 'block') return answerDenial(res, wire, who.denial);
	const { identified } = who;
	try {
		const headers = requestIdHeaders(identified.request_id);
		const id = idOf(req);
		if (id !== undefined) return answerJson(res, 200, await modelOf(context, identified, id), headers);
		const data = await modelsOf(context, identified);
		const page = { first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null, has_more: false };
		answerJson(res, 200, { object: 'list', data, ...page }, headers);
	} catch (error) {
		answerDenial(res, wire, denialOf(error, identified.request_id, 'enforce_model'));
	}
}

/** The id that an address asks for; undefined: it asks for the list. */
function idOf(req: IncomingMessage): string | undefined {
	const [, id] = /\/v1\/models\/([^/?]+)\/?(?:\?|$)/.exec(req.url ?? '') ?? [];
	if (id === undefined) return undefined;
	try {
		return decodeURIComponent(id);
	} catch {
		// No name that anybody gave: it is looked for as it stands, and not found.
		return id;
	}
}

/** Models by their names. Of a family that an upstream serves, only the members that the policy names have one. */
async function modelsOf({ ports }: DoorContext, { policy, mayCall }: Identified) {
	const served = (await ports.upstreams.models(policy.org_id)).filter(({ id }) => !isFamily(id) && mayCall(id));
	const found = new Map(served.toReversed().map(({ id, upstream }) => [id, upstream]));
	const models = served.map(({ id }) => id);
	for (const id of policy.pipeline.models.allow) {
		if (isFamily(id) || found.has(id) || !mayCall(id)) continue;
		const route = await ports.upstreams.route(policy.org_id, id, undefined);
		if (route === undefined) continue;
		found.set(id, route.upstream);
		models.push(id);
	}
	return [...new Set(models)].map((id) => described(id, found.get(id)!));
}

/** @throws {TapPassError} model_unserved, also for one that the caller may not use: what there is besides is not told */
async function modelOf({ ports }: DoorContext, { policy, mayCall }: Identified, id: string) {
	const route = !isFamily(id) && mayCall(id) ? await ports.upstreams.route(policy.org_id, id, undefined) : undefined;
	if (route === undefined) throw new TapPassError('model_unserved');
	return described(id, route.upstream);
}

function isFamily(id: string): boolean {
	return id.endsWith('*');
}

function described(id: string, owned_by: string) {
	const created_at = '1970-01-01T00:00:00Z';
	return { id, object: 'model', created: 0, owned_by, type: 'model', display_name: id, created_at } as const;
}
