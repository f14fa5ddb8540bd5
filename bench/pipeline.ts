/**
 * The 32 steps without doors, network or database: a prompt of 1 KiB under the shipped policies, with and without detectors,
 * a tool call, and what the judgement of one streamed chunk costs.
 */
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { OrgId, SandboxId, StepName } from '@tappass/core';
import { type Admitted, type BoundPolicy, type Call, createPipeline, memoryPorts } from '@tappass/gateway';
import { compilePolicy, isRefused, loadLibrary, type SourceFile } from '@tappass/policy';
import { generateKeys, makeDevelopmentRoot, mintToken } from '@tappass/signing';
import { allowDenyDigest, pinRoot } from '@tappass/trust';

const root = join(import.meta.dirname, '..', '..');
const org_id = 'org_acme01' as OrgId;
const sandbox_id = 'sbx_bench01' as SandboxId;
const rounds = 4_000;
const text = 'Please summarise the notes about the quarterly results of the team, and say what is still open. '
	.repeat(11)
	.slice(0, 1_024);
const detectors: readonly StepName[] = [
	'detect_prompt_injection',
	'detect_obfuscation',
	'detect_secrets',
	'detect_pii',
	'detect_exfiltration',
	'scan_output',
];
const outcome = {
	how: 'completed',
	status: 200,
	released_bytes: 0,
	usage: { input_tokens: 1, cache_read_tokens: 0, cache_write_tokens: 0, output_tokens: 1 },
} as const;

export async function run(): Promise<Readonly<Record<string, unknown>>> {
	const policy = shippedPolicy();
	const bare = without(policy, detectors);
	return {
		model_without_detectors: await timeCalls(bare, () => modelCall(text)),
		model: await timeCalls(policy, (round) => modelCall(`${round} ${text}`)),
		model_seen_before: await timeCalls(policy, () => modelCall(text)),
		tool: await timeCalls(policy, (round) => toolCall({ schema: 'finance', asset_id: String(round) })),
		stream: await timeChunks(policy),
	};
}

function modelCall(prompt: string): Call {
	return {
		kind: 'model',
		wire: 'openai-chat',
		stream: true,
		model: 'scripted',
		max_tokens: 10,
		texts: [{ at: '/messages/0/content', role: 'user', text: prompt }],
		offered_tools: [],
		body: { model: 'scripted', messages: [{ role: 'user', content: prompt }] },
		body_bytes: prompt.length + 60,
	};
}
function toolCall(args: Readonly<Record<string, string>>): Call {
	return { kind: 'tool', wire: 'mcp', tool: 'collibra.get_asset', args, body_bytes: 60 };
}

/** Microseconds of admission (steps 1 to 26) and of settlement (30 to 32), and which steps they go to. */
async function timeCalls(
	policy: BoundPolicy,
	call: (round: number) => Call,
): Promise<Readonly<Record<string, unknown>>> {
	const { admit } = await start(policy);
	const admissions: number[] = [];
	const settlements: number[] = [];
	const steps = new Map<string, number>();
	for (let round = 0; round < rounds * 2; round += 1) {
		const begin = performance.now();
		const admitted = await admit(call(round));
		const between = performance.now();
		await admitted.settle(outcome);
		// The first half warms up.
		if (round < rounds) continue;
		admissions.push(between - begin);
		settlements.push(performance.now() - between);
		for (const [name, ms] of Object.entries(admitted.timings)) steps.set(name, (steps.get(name) ?? 0) + ms);
	}
	const dearest = [...steps].sort(([, a], [, b]) => b - a).slice(0, 5);
	return {
		admit_p50_us: quantile(admissions, 0.5),
		admit_p99_us: quantile(admissions, 0.99),
		settle_p50_us: quantile(settlements, 0.5),
		dearest_steps_mean_us: Object.fromEntries(dearest.map(([name, ms]) => [name, micro(ms / rounds)])),
	};
}

/** Microseconds of one chunk of an answer, four characters each. */
async function timeChunks(policy: BoundPolicy): Promise<Readonly<Record<string, unknown>>> {
	const { admit } = await start(policy);
	const times: number[] = [];
	for (let round = 0; round < 200; round += 1) {
		const { guard, settle } = await admit(modelCall(text));
		for (let at = 0; at < text.length; at += 4) {
			const begin = performance.now();
			if (guard.push('0', text.slice(at, at + 4)).effect !== 'release') throw new Error('blocked');
			if (round >= 50) times.push(performance.now() - begin);
		}
		guard.end('0');
		await settle(outcome);
	}
	return { chunk_p50_us: quantile(times, 0.5), chunk_p99_us: quantile(times, 0.99) };
}

async function start(policy: BoundPolicy): Promise<{ readonly admit: (call: Call) => Promise<Admitted> }> {
	const now = Date.UTC(2026, 0, 1, 12);
	const keys = generateKeys();
	const ports = memoryPorts({
		now: () => now,
		monotonicMs: () => performance.now(),
		randomBytes,
		// The server signs in its own way; here the signature is made as a token's is.
		mandates: {
			sign: async (_org, claims) =>
				Buffer.from(await keys.token.sign(Buffer.from(JSON.stringify(claims)))).toString('base64url'),
		},
		eventsMax: 1_000,
	});
	ports.policies.setRoot(pinRoot(await makeDevelopmentRoot(keys, org_id)));
	ports.policies.set(policy);
	ports.sessions.open(org_id, sandbox_id, 'ses_1', now);
	ports.upstreams.serve({
		model: 'scripted*',
		regions: ['eu'],
		price: { input: 1, output: 1, cache_read: 1, cache_write: 1 },
		route: { upstream: 'scripted', headers: {}, base_url: 'http://127.0.0.1:1', speaks: 'openai', timeout_ms: 60_000 },
	});
	const pipeline = createPipeline(ports);
	const iat = now / 1_000;
	const { compiled_policy } = policy;
	const claims = {
		iss: 'tappass',
		sub: sandbox_id,
		org_id,
		sid: 'ses_1',
		pv: 1,
		ad: allowDenyDigest(compiled_policy),
		rate: 1_000_000,
		iat,
		exp: iat + 300,
		jti: 'one',
	} as const;
	const tokens = {
		model: await mintToken({ ...claims, aud: 'gateway' }, keys.token),
		tool: await mintToken({ ...claims, aud: 'broker' }, keys.token),
	};
	const caller = { source: '127.0.0.1', user_agent: undefined, signature: 'bench', gone: new AbortController().signal };
	return {
		admit: async (call) => {
			const admission = await pipeline.admit(call, { ...caller, token: tokens[call.kind] });
			if (admission.effect === 'block') throw new Error(JSON.stringify(admission.denial));
			await admission.admitted.recorded;
			return admission.admitted;
		},
	};
}

function shippedPolicy(): BoundPolicy {
	const { library } = loadLibrary(['policies', 'packs'].flatMap((folder) => filesIn(join(root, folder))));
	const result = compilePolicy({
		library,
		org: [fileOf(join(root, 'policies/acme-baseline.rego'))],
		project: [fileOf(join(root, 'policies/collibra-steward.rego'))],
		agent: [],
		packs: [...library.packs.keys()].map((id) => ({ id, level: 'org' })),
		function: 'collibra_steward',
		categories: ['customer_pii', 'eu_residents'],
		names: { org: 'acme', project: 'data', agent: 'steward' },
	});
	if (isRefused(result)) throw new Error(JSON.stringify(result.diagnostics.slice(0, 3)));
	const { compiled_policy, effective_pipeline } = result;
	const bound: BoundPolicy = {
		org_id,
		project: 'data',
		agent: 'steward',
		sandbox_id,
		state: 'active',
		state_reason: null,
		epoch: 1,
		policy_version: 1,
		// Ceilings would end the run before it is measured.
		compiled_policy: {
			...compiled_policy,
			budget: { tokens_per_day: 1e12, dollars_per_month: 1e9, tool_calls_per_minute: 1e6 },
		},
		pipeline: effective_pipeline,
		because: Object.values(result.because),
		region: 'eu',
		tool_aliases: {},
	};
	// Nor may a session end or be slowed down.
	return without(bound, ['loop_guard', 'enforce_rate', 'check_session']);
}

function without(policy: BoundPolicy, names: readonly StepName[]): BoundPolicy {
	const { steps } = policy.pipeline;
	const off = names.map((name) => [name, { ...steps[name], enabled: false, parameters: {} }]);
	return { ...policy, pipeline: { ...policy.pipeline, steps: { ...steps, ...Object.fromEntries(off) } } };
}
function fileOf(path: string): SourceFile {
	return { file: relative(root, path), bytes: readFileSync(path) };
}
function filesIn(folder: string): readonly SourceFile[] {
	return readdirSync(folder, { withFileTypes: true, recursive: true })
		.filter((entry) => entry.isFile())
		.map((entry) => fileOf(join(entry.parentPath, entry.name)));
}
function quantile(times: number[], part: number): number {
	times.sort((a, b) => a - b);
	return micro(times[Math.floor(times.length * part)]!);
}
function micro(ms: number): number {
	return Math.round(ms * 10_000) / 10;
}
