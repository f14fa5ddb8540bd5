/**
 * A sandbox with a policy, a session and genuine tokens, over ports in memory: what tests of the gateway stand on. Left out of
 * the published package; the keys are made anew for each process.
 */
import { randomBytes } from 'node:crypto';
import {
	type CompiledPolicy,
	canonicalJson,
	type EffectivePipeline,
	type EffectiveStep,
	emptyCompiledPolicy,
	type OrgId,
	type SandboxId,
	type StepName,
	steps,
	type ToolFacts,
} from '@tappass/core';
import { generateKeys, makeDevelopmentRoot, mintToken } from '@tappass/signing';
import { allowDenyDigest, type CapabilityClaims, encodeBase64Url, pinRoot, type TokenAudience } from '@tappass/trust';
import { type MemoryPorts, memoryPorts } from './memory/ports.ts';
import type { Caller, ModelCall, ToolCall } from './pipeline/call.ts';
import type { BoundPolicy } from './ports.ts';

/** The moment of these tests: 2026-01-01T12:00:00Z. */
export const noon: number = Date.UTC(2026, 0, 1, 12);
const keys = generateKeys();
const org_id = 'org_acme01' as OrgId;
const sandbox_id = 'sbx_alpha1' as SandboxId;
const root = pinRoot(await makeDevelopmentRoot(keys, org_id));

/** The tools of these tests. */
export const facts: Readonly<Record<string, ToolFacts>> = Object.fromEntries(
	(
		[
			['collibra.get_asset', 'read', ['metadata_read'], { schema_param: 'schema', resource_param: 'asset_id' }],
			['collibra.update_asset', 'write', ['metadata_write'], { schema_param: 'schema' }],
			['collibra.delete_asset', 'delete', ['metadata_write', 'destructive'], { schema_param: 'schema' }],
			['collibra.list_schemas', 'read', ['metadata_read'], {}],
			['mail.send', 'write', ['external_messaging'], { destination_param: 'to', content_param: 'body' }],
			['builtin.shell', 'write', ['code_execution'], { command_param: 'command' }],
		] as const
	).map(([name, effect, capabilities, slots]) => [name, { name, effect, capabilities, slots }]),
);

export interface TestSandbox {
	readonly ports: MemoryPorts;
	readonly policy: BoundPolicy;
	/** Moves the clock. */
	readonly wait: (ms: number) => void;
	readonly token: (claims?: Partial<CapabilityClaims>) => Promise<string>;
	/** A caller with a genuine token of the gateway. */
	readonly caller: Caller;
	/** A caller with a genuine token of the broker. */
	readonly broker: Caller;
	/** Puts another version in force. */
	readonly change: (terms: TestTerms) => void;
}

/** What a test's policy says; the rest allows what honest calls need. */
export interface TestTerms {
	readonly compiled?: Partial<CompiledPolicy>;
	readonly pipeline?: Partial<EffectivePipeline>;
	readonly steps?: Partial<Record<StepName, Partial<EffectiveStep>>>;
	readonly bound?: Partial<BoundPolicy>;
}

/** A sandbox whose policy allows the tools above and the models `scripted*`. */
export async function testSandbox(terms: TestTerms = {}): Promise<TestSandbox> {
	let at = noon;
	const ports = memoryPorts({
		now: () => at,
		monotonicMs: () => performance.now(),
		randomBytes,
		mandates: { sign: async (_org_id, claims) => signMandate(claims) },
	});
	const policy = policyOf(terms);
	ports.policies.setRoot(root);
	ports.policies.set(policy);
	ports.sessions.open(org_id, sandbox_id, 'ses_1', noon);
	ports.upstreams.serve({
		model: 'scripted*',
		regions: ['eu'],
		price: { input: 3, output: 15, cache_read: 0.3, cache_write: 3.75 },
		route: {
			upstream: 'scripted',
			headers: { authorization: 'Bearer fixture-credential' },
			base_url: 'http://127.0.0.1:1',
			speaks: 'openai',
			timeout_ms: 60_000,
		},
	});
	const token = (claims: Partial<CapabilityClaims> = {}): Promise<string> => mint(policy, claims, at);
	const callerOf = async (aud: TokenAudience): Promise<Caller> => ({
		token: await token({ aud }),
		source: '127.0.0.1',
		user_agent: 'test',
		signature: 'POST /v1/test',
		gone: new AbortController().signal,
	});
	return {
		ports,
		policy,
		wait: (ms) => {
			at += ms;
		},
		token,
		caller: await callerOf('gateway'),
		broker: await callerOf('broker'),
		change: (more) => ports.policies.set(policyOf({ ...terms, ...more })),
	};
}

function mint(policy: BoundPolicy, claims: Partial<CapabilityClaims>, at: number): Promise<string> {
	const iat = Math.floor(at / 1_000);
	return mintToken(
		{
			iss: 'tappass',
			aud: 'gateway',
			sub: sandbox_id,
			org_id,
			sid: 'ses_1',
			pv: policy.policy_version,
			ad: allowDenyDigest(policy.compiled_policy),
			rate: 1_000,
			iat,
			exp: iat + 300,
			jti: 'one',
			...claims,
		},
		keys.token,
	);
}

async function signMandate(claims: unknown): Promise<string> {
	const encode = (value: unknown): string => encodeBase64Url(new TextEncoder().encode(canonicalJson(value)));
	const message = `${encode({ alg: 'ES256', kid: keys.token.id, typ: 'JWT' })}.${encode(claims)}`;
	return `${message}.${encodeBase64Url(await keys.token.sign(new TextEncoder().encode(message)))}`;
}

function policyOf(terms: TestTerms): BoundPolicy {
	const compiled_policy: CompiledPolicy = {
		...emptyCompiledPolicy,
		tools: { allow: ['collibra.*', 'mail.send', 'builtin.shell'], deny: [], schemas_acl: {} },
		budget: { tokens_per_day: 1_000_000, dollars_per_month: 100, tool_calls_per_minute: 1_000 },
		...terms.compiled,
	};
	const pipeline: EffectivePipeline = {
		schema: 'tappass.effective-pipeline/1',
		steps: stepsOf(terms.steps ?? {}),
		constraints: [],
		approvals: [],
		forbidden_capabilities: [],
		trust_level: 'autonomous',
		models: { allow: ['scripted*'] },
		packs: [],
		function: null,
		categories: [],
		decisions: [],
		tools: Object.values(facts),
		...terms.pipeline,
	};
	return {
		org_id,
		project: 'data',
		agent: 'steward',
		sandbox_id,
		state: 'active',
		state_reason: null,
		epoch: 1,
		policy_version: 5,
		compiled_policy,
		pipeline,
		because: [],
		region: 'eu',
		tool_aliases: { 'claude-code': { 'builtin.shell': ['Bash'] } },
		...terms.bound,
	};
}

function stepsOf(stated: NonNullable<TestTerms['steps']>): EffectivePipeline['steps'] {
	return Object.fromEntries(
		steps.map(({ name, runs, default_action }) => [
			name,
			{
				enabled: runs === 'always' || stated[name] !== undefined,
				action: default_action,
				parameters: {},
				...stated[name],
			},
		]),
	) as unknown as EffectivePipeline['steps'];
}

/** A prompt of one message to a model. */
export function modelCall(text = 'Hello.', more: Partial<ModelCall> = {}): ModelCall {
	const body = { model: 'scripted', messages: [{ role: 'user', content: text }] };
	return {
		kind: 'model',
		wire: 'openai-chat',
		stream: false,
		model: 'scripted',
		max_tokens: 100,
		texts: [{ at: '/messages/0/content', role: 'user', text }],
		offered_tools: [],
		body,
		body_bytes: Buffer.byteLength(JSON.stringify(body)),
		...more,
	};
}

/** The execution of a tool. */
export function toolCall(tool: string, args: ToolCall['args'] = {}, more: Partial<ToolCall> = {}): ToolCall {
	return { kind: 'tool', wire: 'tools', tool, args, body_bytes: JSON.stringify(args).length, ...more };
}
