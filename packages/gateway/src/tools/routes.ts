import type { IncomingMessage, ServerResponse } from 'node:http';
import { parseJson, TapPassError, toWireName } from '@tappass/core';
import { z } from 'zod';
import { doorLimits } from '../door-limits.ts';
import { answerJson, requestIdHeaders } from '../http/answer.ts';
import { callerOf } from '../http/caller.ts';
import { readBytes } from '../http/read-body.ts';
import { denialOf, refuseRequest } from '../llm/refuse.ts';
import { canonicalToolName } from '../llm/tool-names.ts';
import { callServer } from '../mcp/call-server.ts';
import { type JsonObject, rpcCodes } from '../mcp/rpc.ts';
import type { DoorContext, Route } from '../routes.ts';
import { answerProblem } from './problem.ts';

/** The doors to tools for callers that speak no MCP. */
export const toolRoutes: readonly Route[] = [
	{ method: 'POST', path: '/v1/tools/execute', wire: 'tools', reaches: 'tool', serve: serveExecute },
	{ method: 'GET', path: '/v1/tools', wire: 'tools', reaches: 'nothing', serve: serveList },
];

const executeSchema = z.strictObject({
	/** `server.tool`, or as it travels on wires that allow no dot. */
	tool: z.string().min(1).max(doorLimits.identifierLengthMax),
	arguments: z.record(z.string(), z.json()).default({}),
	/** Of an approval for exactly this call. */
	ticket: z.string().min(1).max(doorLimits.identifierLengthMax).optional(),
});

/** `POST /v1/tools/execute`: one call of one tool. */
async function serveExecute(req: IncomingMessage, res: ServerResponse, context: DoorContext): Promise<void> {
	const caller = callerOf(req, res, 'tools', '/v1/tools/execute');
	let asked: z.infer<typeof executeSchema>;
	let body_bytes: number;
	try {
		const bytes = await readBytes(req);
		body_bytes = bytes.byteLength;
		const body = executeSchema.safeParse(parseJson(bytes, { bytesMax: doorLimits.bodyBytesMax }));
		if (!body.success) {
			const [issue] = body.error.issues;
			throw new TapPassError('request_malformed', {
				detail: `/${issue?.path.map(String).join('/') ?? ''}: ${issue?.message ?? 'not a tool call'}`,
				hint: 'send {"tool": "server.tool", "arguments": {}}',
			});
		}
		asked = body.data;
	} catch (error) {
		return refuseRequest(context, 'tools', caller, res, error, (denial) => answerProblem(res, denial));
	}
	const who = await context.pipeline.identify('tools', caller);
	if (who.effect === 'block') return answerProblem(res, who.denial);
	const done = await callServer(context, caller, who.identified, {
		wire: 'tools',
		tool: canonicalToolName(asked.tool),
		args: asked.arguments as JsonObject,
		ticket: asked.ticket,
		body_bytes,
	});
	if (done.kind === 'denied') answerProblem(res, done.denial);
	else if (done.answer.kind === 'error') {
		const { code, message } = done.answer.error;
		const failed = new TapPassError(code === rpcCodes.invalidParams ? 'request_malformed' : 'upstream_failed', {
			detail: message,
		});
		answerProblem(res, denialOf(failed, done.request_id, 'forward'));
	} else {
		const { request_id, answer } = done;
		answerJson(res, 200, { request_id, tool: asked.tool, result: answer.result }, requestIdHeaders(request_id));
	}
	await done.settled;
}

/** `GET /v1/tools`: what the agent may use, with the name that it travels under on wires that allow no dot. */
async function serveList(req: IncomingMessage, res: ServerResponse, context: DoorContext): Promise<void> {
	const who = await context.pipeline.identify('tools', callerOf(req, res, 'tools', '/v1/tools'));
	if (who.effect === 'block') return answerProblem(res, who.denial);
	const { identified } = who;
	try {
		const tools = await context.broker.tools(identified, await context.broker.servers(identified));
		const items = tools.map(({ name, definition }) => ({
			name,
			wire_name: toWireName(name),
			description: definition['description'] ?? '',
			input_schema: definition['inputSchema'] ?? {},
		}));
		answerJson(res, 200, { items }, requestIdHeaders(identified.request_id));
	} catch (error) {
		answerProblem(res, denialOf(error, identified.request_id, 'discover_tools'));
	}
}
