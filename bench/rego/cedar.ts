/**
 * The three policies that Cedar can express, decided by `@cedar-policy/cedar-wasm` with its policies parsed beforehand.
 * Each request carries only the entities that it needs, which is the best case for Cedar.
 */
import { measure, type Sample } from '../measure.js';
import { accessRequests, domainPatterns, grantsOf, hostRequests, rolesOf, toolCalls } from './policies.js';

interface Request {
	readonly call: {
		readonly principal: EntityId;
		readonly action: EntityId;
		readonly resource: EntityId;
		readonly context: Record<string, string>;
		readonly preparsedPolicySetId: string;
		readonly entities: { uid: EntityId; attrs: Record<string, never>; parents: EntityId[] }[];
	};
	readonly allow: boolean;
}
interface EntityId {
	readonly type: string;
	readonly id: string;
}
const id = (type: string, name: string): EntityId => ({ type, id: name });

/** Figures of Cedar by policy, or why there are none. */
export async function cedarFigures(): Promise<Readonly<Record<string, unknown>>> {
	const cedar = await import('@cedar-policy/cedar-wasm/nodejs').catch(() => undefined);
	if (cedar === undefined) return { missing: '@cedar-policy/cedar-wasm is not installed' };
	const time = (name: string, policies: string, requests: readonly Request[]): Sample => {
		const answer = cedar.preparsePolicySet(name, { staticPolicies: policies });
		if (answer.type !== 'success') throw new Error(JSON.stringify(answer));
		const decide = ({ call, allow }: Request): void => {
			const result = cedar.statefulIsAuthorized(call);
			if (result.type !== 'success' || (result.response.decision === 'allow') !== allow) {
				throw new Error(`cedar ${name}: ${JSON.stringify(result)}`);
			}
		};
		for (const request of requests) decide(request);
		let i = 0;
		return measure(() => {
			decide(requests[i]!);
			i = i + 1 === requests.length ? 0 : i + 1;
		}, 1_500);
	};
	return {
		version: cedar.getCedarSDKVersion(),
		rbac: time('rbac', rbacPolicies(), rbacRequests()),
		domains: time('domains', domainPolicies(), domainRequests()),
		rules_1000: time('many', rulePolicies(1_000), ruleRequests(1_000)),
	};
}

function rbacPolicies(): string {
	const grants = Array.from({ length: 50 }, (_, role) => grantsOf(role).map((grant) => ({ role, ...grant }))).flat();
	return grants
		.map(
			({ role, action, resource }) =>
				`permit(principal in Role::"role${role}", action == Action::"${action}", resource == Doc::"${resource}");`,
		)
		.join('\n');
}

function rbacRequests(): Request[] {
	return accessRequests.map(({ user, action, resource, allow }) => {
		const principal = id('User', `user${user}`);
		const roles = rolesOf(user).map((role) => id('Role', `role${role}`));
		const entities = [
			{ uid: principal, attrs: {}, parents: roles },
			...roles.map((uid) => ({ uid, attrs: {}, parents: [] })),
		];
		const call = { principal, action: id('Action', action), resource: id('Doc', resource), context: {}, entities };
		return { call: { ...call, preparsedPolicySetId: 'rbac' }, allow };
	});
}

/** Cedar has wildcards in `like`, but none that stop at a dot: a second condition refuses further labels. */
function domainPolicies(): string {
	return domainPatterns
		.flatMap((pattern) => {
			const alternatives = /\{(\w+),(\w+)\}/.exec(pattern);
			return alternatives === null
				? [pattern]
				: [alternatives[1]!, alternatives[2]!].map((part) => pattern.replace(alternatives[0], part));
		})
		.map((pattern) => {
			const inner = pattern.startsWith('*.') ? ` && !(context.host like "*.*${pattern.slice(1)}")` : '';
			return `permit(principal, action, resource) when { context.host like "${pattern}"${inner} };`;
		})
		.join('\n');
}

function domainRequests(): Request[] {
	return hostRequests.map(({ host, allow }) => ({ call: contextCall({ host }, 'domains'), allow }));
}

function rulePolicies(size: number): string {
	return Array.from(
		{ length: size },
		(_, i) => `permit(principal, action, resource) when { context.tool == "t${i}" && context.env == "prod" };`,
	).join('\n');
}

function ruleRequests(size: number): Request[] {
	return toolCalls(size).map(({ tool, env, allow }) => ({ call: contextCall({ tool, env }, 'many'), allow }));
}

function contextCall(context: Record<string, string>, preparsedPolicySetId: string): Request['call'] {
	const [principal, action, resource] = [id('User', 'u'), id('Action', 'call'), id('Tool', 't')];
	return { principal, action, resource, context, entities: [], preparsedPolicySetId };
}
