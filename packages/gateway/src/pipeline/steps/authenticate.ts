import { hash } from 'node:crypto';
import { type OrgId, orgIdSchema, parseJson, TapPassError } from '@tappass/core';
import {
	type CapabilityClaims,
	decodeBase64Url,
	type TokenAudience,
	type TrustedRoot,
	trustLimits,
	verifyCapabilityToken,
} from '@tappass/trust';
import { gatewayLimits } from '../../limits.ts';
import type { KnownToken } from '../caches.ts';
import type { Wire } from '../call.ts';
import type { CallState } from '../call-state.ts';
import type { Context } from '../context.ts';
import { finding } from '../findings.ts';
import { defineStep, nothing, type Step } from '../step.ts';

/** Step 2: believes the capability token, or nobody. What the token claims is used for one thing before: to find its org's keys. */
export const authenticate: Step = defineStep('authenticate', {
	budget: gatewayLimits.stepAsksMs,
	run: async (state, context) => {
		const { token } = state.caller;
		if (token === undefined) return unenrolled(state, context, undefined, 'The call carries no capability token.');
		const name = hash('sha256', token, 'hex');
		const known = context.caches.tokens.get(name);
		const said = known?.claims ?? unverified(token);
		if (said === undefined) return unenrolled(state, context, undefined, 'The credential is not a capability token.');
		const root = await context.ports.policies.root(said.org_id);
		if (root === undefined) return unenrolled(state, context, undefined, 'No org of this server issued the token.');
		state.claimed_org_id = said.org_id;
		try {
			state.claims = believe({ token, name, known }, root, doorOf(state.call.wire, said.aud), context);
			return nothing;
		} catch (error) {
			if (!(error instanceof TapPassError)) throw error;
			const why = `The capability token was refused: ${error.row.title.toLowerCase()}.`;
			return unenrolled(state, context, said.org_id, why, error.code);
		}
	},
});

async function unenrolled(
	state: CallState,
	{ ports }: Context,
	claimed: OrgId | undefined,
	message: string,
	code: TapPassError['code'] = 'unauthenticated',
): Promise<ReturnType<typeof finding>[]> {
	const { source, user_agent, signature } = state.caller;
	// A genuine token that is over, or at the wrong door, is somebody's; every other caller may be an agent that nobody enrolled.
	if (code !== 'token_expired' && code !== 'token_audience')
		await ports.unenrolled.report({ source, user_agent, signature }, claimed, state.at);
	return [finding(state, 'authenticate', { code, message })];
}

/** Which org's keys to ask for, and for which door: read off the token before anything of it is believed. */
function unverified(token: string): { readonly org_id: OrgId; readonly aud: unknown } | undefined {
	const payload = token.length > trustLimits.tokenLengthMax ? undefined : decodeBase64Url(token.split('.')[1] ?? '');
	if (payload === undefined) return undefined;
	try {
		const claims = parseJson(payload) as { readonly org_id?: unknown; readonly aud?: unknown } | null;
		const org = orgIdSchema.safeParse(claims?.org_id);
		return org.success ? { org_id: org.data, aud: claims?.aud } : undefined;
	} catch {
		// Not JSON: no token of ours, and refused as such.
		return undefined;
	}
}

/** Models are behind the gateway's token; tools are reached through both doors, each with its own. */
function doorOf(wire: Wire, claimed: unknown): TokenAudience {
	return (wire === 'tools' || wire === 'mcp') && claimed === 'broker' ? 'broker' : 'gateway';
}

/**
 * Verifies a token, or remembers that it was verified with the keys that are in force still. Its times are asked again.
 * @throws {TapPassError} token_invalid, token_audience, token_expired
 */
function believe(
	{ token, name, known }: { readonly token: string; readonly name: string; readonly known: KnownToken | undefined },
	root: TrustedRoot,
	audience: TokenAudience,
	{ caches, ports }: Context,
): CapabilityClaims {
	const now = ports.now();
	if (
		known !== undefined &&
		known.root.sha256 === root.sha256 &&
		known.claims.aud === audience &&
		isAlive(known.claims, now)
	)
		return known.claims;
	const claims = verifyCapabilityToken(token, root, { audience, now });
	caches.tokens.set(name, { claims, root });
	return claims;
}

function isAlive({ iat, exp }: CapabilityClaims, now: number): boolean {
	return now < exp * 1_000 && iat * 1_000 <= now + trustLimits.clockSkewMaxMs;
}
