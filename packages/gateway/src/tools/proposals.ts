import type { IncomingMessage, ServerResponse } from 'node:http';
import { parseJson, TapPassError } from '@tappass/core';
import { z } from 'zod';
import { doorLimits } from '../door-limits.ts';
import { answerJson, requestIdHeaders } from '../http/answer.ts';
import { callerOf } from '../http/caller.ts';
import { readBytes } from '../http/read-body.ts';
import { denialOf, recordRefusal, refuseRequest } from '../llm/refuse.ts';
import { canonicalToolName } from '../llm/tool-names.ts';
import type { Identified } from '../pipeline/admission.ts';
import type { DoorContext, Route } from '../routes.ts';
import { mayVote, type VoteRefusal } from '../session/proposals.ts';
import { argsDigest } from '../session/recent.ts';
import { answerProblem } from './problem.ts';

/**
 * Where agents decide about what other agents of their project propose. They are not shown the arguments: whoever decides
 * brings them, and proves with them that it knows what it agrees to. So nothing passes from one agent to another here.
 */
export const proposalRoutes: readonly Route[] = [
	{ method: 'GET', path: '/v1/proposals', wire: 'tools', reaches: 'nothing', serve: serveList },
	{ method: 'POST', path: '/v1/proposals/decide', wire: 'tools', reaches: 'nothing', serve: serveDecide },
];

const decideSchema = z.strictObject({
	ticket: z.string().min(1).max(doorLimits.identifierLengthMax),
	decision: z.enum(['approve', 'deny']),
	/** `server.tool`, or as it travels on wires that allow no dot. */
	tool: z.string().min(1).max(doorLimits.identifierLengthMax),
	arguments: z.record(z.string(), z.json()),
});

/** `GET /v1/proposals`: what waits for an agent such as the caller, without arguments. */
async function serveList(req: IncomingMessage, res: ServerResponse, context: DoorContext): Promise<void> {
	const who = await context.pipeline.identify('tools', callerOf(req, res, 'tools', '/v1/proposals'));
	if (who.effect === 'block') return answerProblem(res, who.denial);
	const { identified } = who;
	try {
		assertMayVote(identified);
		const { org_id, project, agent } = identified.policy;
		const items = await context.ports.approvals.proposals(org_id, { project, agent }, context.ports.now());
		answerJson(res, 200, { items: items.map((item) => ({ ...item })) }, requestIdHeaders(identified.request_id));
	} catch (error) {
		await refuse(context, identified, res, error);
	}
}

/** `POST /v1/proposals/decide`: one agent's yes or no to exactly one call of another. */
async function serveDecide(req: IncomingMessage, res: ServerResponse, context: DoorContext): Promise<void> {
	const caller = callerOf(req, res, 'tools', '/v1/proposals/decide');
	let asked: z.infer<typeof decideSchema>;
	try {
		const body = decideSchema.safeParse(parseJson(await readBytes(req), { bytesMax: doorLimits.bodyBytesMax }));
		if (!body.success) {
			const [issue] = body.error.issues;
			throw new TapPassError('request_malformed', {
				detail: `/${issue?.path.map(String).join('/') ?? ''}: ${issue?.message ?? 'no decision'}`,
				hint: 'send {"ticket", "decision": "approve", "tool": "server.tool", "arguments": {}}',
			});
		}
		asked = body.data;
	} catch (error) {
		return refuseRequest(context, 'tools', caller, res, error, (denial) => answerProblem(res, denial));
	}
	const who = await context.pipeline.identify('tools', caller);
	if (who.effect === 'block') return answerProblem(res, who.denial);
	const { identified } = who;
	const { policy, request_id } = identified;
	try {
		assertMayVote(identified);
		const tool = canonicalToolName(asked.tool);
		// Who may not do it must not have it done by another.
		if (!(await identified.mayUse(tool)))
			throw new TapPassError('tool_denied', { detail: 'the agent that decides may not use the tool itself' });
		const { sandbox_id, project, agent } = policy;
		const { ticket, decision } = asked;
		const outcome = await context.ports.approvals.vote(
			policy.org_id,
			{
				ticket,
				decision,
				tool,
				args_sha256: argsDigest(asked.arguments as never),
				by: { sandbox_id, project, agent },
				request_id,
			},
			context.ports.now(),
		);
		if ('refused' in outcome) throw refusals[outcome.refused](ticket);
		const { state, approved_by } = outcome;
		answerJson(res, 200, { request_id, ticket, state, approved_by }, requestIdHeaders(request_id));
	} catch (error) {
		await refuse(context, identified, res, error);
	}
}

/** @throws {TapPassError} trust_denied */
function assertMayVote({ policy }: Identified): void {
	const { trust_level } = policy.pipeline;
	if (!mayVote(trust_level))
		throw new TapPassError('trust_denied', { detail: `${trust_level} may not decide about proposals of others` });
}

const refusals: Readonly<Record<VoteRefusal, (ticket: string) => TapPassError>> = {
	unknown: (ticket) => new TapPassError('not_found', { detail: `no proposal ${ticket}` }),
	own: () => new TapPassError('proposal_denied', { detail: 'it is its own' }),
	people: () => new TapPassError('proposal_denied', { detail: 'only a person may decide about it' }),
	twice: () => new TapPassError('proposal_denied', { detail: 'it has approved it already' }),
	mismatch: () => new TapPassError('approval_invalid', { detail: 'another call waits under this ticket' }),
	closed: (ticket) => new TapPassError('approval_closed', { detail: ticket }),
};

async function refuse(
	context: DoorContext,
	identified: Identified,
	res: ServerResponse,
	error: unknown,
): Promise<void> {
	const denial = denialOf(error, identified.request_id, 'require_human_approval');
	answerProblem(res, await recordRefusal(context, identified, 'approval.refused', denial));
}
