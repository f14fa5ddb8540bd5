/**
 * The shipped policies in force: what e2e tests ask the pipeline about.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OrgId, SandboxId } from '@tappass/core';
import {
	type Admission,
	type BoundPolicy,
	type Caller,
	createPipeline,
	type MemoryPorts,
	memoryPorts,
	type Pipeline,
	shippedDetectors,
} from '@tappass/gateway';
import {
	type CompileRequest,
	compilePolicy,
	isRefused,
	loadLibrary,
	type SourceFile,
	toolAliases,
} from '@tappass/policy';
import { generateKeys, makeDevelopmentRoot, mintToken } from '@tappass/signing';
import { allowDenyDigest, pinRoot } from '@tappass/trust';
import { filesBelow, root } from './repository.ts';

const now = Date.UTC(2026, 0, 1, 12);
const org_id = 'org_acme01' as OrgId;
const sandbox_id = 'sbx_steward1' as SandboxId;
const keys = generateKeys();

function fileOf(path: string): SourceFile {
	return { file: path, bytes: readFileSync(join(root, path)) };
}

/** What an operator wrote, as `compilePolicy` takes it; the rest is Acme's own. */
export type Written = Partial<Omit<CompileRequest, 'library'>>;

/** The policy of the Collibra steward of Acme, compiled as the server compiles it. */
export function boundPolicy(written: Written = {}): BoundPolicy {
	const { library } = loadLibrary(
		['policies', 'packs'].flatMap((folder) => filesBelow(folder, '.yaml', '.rego')).map(fileOf),
	);
	const result = compilePolicy({
		library,
		org: [fileOf('policies/acme-baseline.rego')],
		project: [fileOf('policies/collibra-steward.rego')],
		agent: [],
		packs: [{ id: 'eu-ai-act', level: 'org' }],
		function: 'collibra_steward',
		categories: ['customer_pii'],
		names: { org: 'acme', project: 'data', agent: 'steward' },
		...written,
	});
	if (isRefused(result)) throw new Error(JSON.stringify(result.diagnostics.slice(0, 3)));
	return {
		org_id,
		project: 'data',
		agent: 'steward',
		sandbox_id,
		state: 'active',
		state_reason: null,
		epoch: 1,
		policy_version: 1,
		compiled_policy: result.compiled_policy,
		pipeline: result.effective_pipeline,
		because: Object.values(result.because),
		region: 'eu',
		tool_aliases: { 'claude-code': toolAliases(library.catalog, 'claude-code') },
	};
}

/** A sandbox under a policy, and what its agent may try. */
export interface Governed {
	readonly policy: BoundPolicy;
	readonly pipeline: Pipeline;
	readonly ports: MemoryPorts;
	readonly tool: (name: string, args: object) => Promise<Admission>;
	readonly model: (text: string, model?: string) => Promise<Admission>;
	readonly caller: (aud: 'gateway' | 'broker', claims?: object) => Promise<Caller>;
}

/** Puts a policy in force in the pipeline as it runs in production, over ports in memory. */
export async function governed(policy: BoundPolicy): Promise<Governed> {
	const ports = memoryPorts({
		now: () => now,
		monotonicMs: () => performance.now(),
		randomBytes,
		mandates: { sign: async () => 'a.b.c' },
	});
	ports.policies.setRoot(pinRoot(await makeDevelopmentRoot(keys, org_id)));
	ports.policies.set(policy);
	ports.sessions.open(org_id, sandbox_id, 'ses_1', now);
	ports.upstreams.serve({
		model: 'scripted*',
		regions: ['eu'],
		price: { input: 1, output: 1, cache_read: 1, cache_write: 1 },
		route: { upstream: 'scripted', headers: {}, base_url: 'http://127.0.0.1:1', speaks: 'openai', timeout_ms: 1_000 },
	});
	const pipeline = createPipeline(ports, { detectors: shippedDetectors });
	const caller = async (aud: 'gateway' | 'broker', claims: object = {}): Promise<Caller> => ({
		token: await mintToken(
			{
				iss: 'tappass',
				aud,
				sub: sandbox_id,
				org_id,
				sid: 'ses_1',
				pv: 1,
				ad: allowDenyDigest(policy.compiled_policy),
				rate: 30,
				iat: now / 1_000,
				exp: now / 1_000 + 300,
				jti: aud,
				...claims,
			},
			keys.token,
		),
		source: '127.0.0.1',
		user_agent: undefined,
		signature: 'test',
		gone: new AbortController().signal,
	});
	return {
		policy,
		pipeline,
		ports,
		caller,
		tool: async (tool, args) =>
			pipeline.admit({ kind: 'tool', wire: 'mcp', tool, args: args as never, body_bytes: 10 }, await caller('broker')),
		model: async (text, model = 'scripted') =>
			pipeline.admit(
				{
					kind: 'model',
					wire: 'openai-chat',
					stream: false,
					model,
					max_tokens: 10,
					texts: [{ at: '/messages/0/content', role: 'user', text }],
					offered_tools: [],
					body: {},
					body_bytes: text.length,
				},
				await caller('gateway'),
			),
	};
}
