import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerJson, requestIdHeaders } from '../http/answer.ts';
import { callerOf } from '../http/caller.ts';
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
];

/** `GET /v1/models`: the models that the caller's policy lets it call, for clients of both wires. */
async function serveModels(req: IncomingMessage, res: ServerResponse, context: DoorContext): Promise<void> {
	const wire: WireFormat = req.headers['anthropic-version'] === undefined ? chatWire : messagesWire;
	const who = await context.pipeline.identify(wire.wire, callerOf(req, res, wire.wire, '/v1/models'));
	if (who.effect === 'block') return answerDenial(res, wire, who.denial);
	const { identified } = who;
	try {
		const served = await context.ports.upstreams.models(identified.policy.org_id);
		const data = served
			.filter(({ id }) => identified.mayCall(id))
			.map(({ id, upstream }) => ({
				id,
				object: 'model',
				created: 0,
				owned_by: upstream,
				type: 'model',
				display_name: id,
				created_at: '1970-01-01T00:00:00Z',
			}));
		const page = { first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null, has_more: false };
		answerJson(res, 200, { object: 'list', data, ...page }, requestIdHeaders(identified.request_id));
	} catch (error) {
		answerDenial(res, wire, denialOf(error, identified.request_id, 'enforce_model'));
	}
}
