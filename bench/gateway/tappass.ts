/**
 * A TapPass gateway in a process of its own: `bare` authenticates and forwards, `full` runs all 32 steps with detectors, decision
 * programs of three origins and an audit log that is durable on disk before an answer is released.
 */
import { randomFillSync } from 'node:crypto';
import { constants, open, unlink } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
	type CompiledPolicy,
	canonicalJson,
	type EffectivePipeline,
	emptyCompiledPolicy,
	type OrgId,
	type SandboxId,
	steps,
} from '@tappass/core';
import {
	type AuditPort,
	type BoundPolicy,
	createGateway,
	createPipeline,
	type GatewayPorts,
	memoryPorts,
	type Pipeline,
	randomPool,
} from '@tappass/gateway';
import { generateKeys, makeDevelopmentRoot, mintToken } from '@tappass/signing';
import { allowDenyDigest, encodeBase64Url, pinRoot } from '@tappass/trust';

const [mode, upstreamUrl, mcpUrl] = process.argv.slice(2);
/** Bytes of one segment of PostgreSQL's log, and how long the server's log keeps what nobody waits for. */
const segmentBytes = 16_777_216;
const sharingMs = 5;
const org_id = 'org_bench1' as OrgId;
const sandbox_id = 'sbx_bench1' as SandboxId;
const keys = generateKeys();
const encode = (value: unknown): string => encodeBase64Url(new TextEncoder().encode(canonicalJson(value)));

const compiled_policy: CompiledPolicy = {
	...emptyCompiledPolicy,
	tools: { allow: ['collibra.*'], deny: ['*.delete_*'], schemas_acl: {} },
	budget: { tokens_per_day: 1_000_000_000_000, dollars_per_month: 1_000_000_000, tool_calls_per_minute: 1_000_000_000 },
};
const decision = (origin: string): EffectivePipeline['decisions'][number] => ({
	origin,
	modules: [
		{
			file: `${origin}.rego`,
			source: `package tappass.decision

deny contains "no drafts at night" if {
	input.call.model == "draft"
	input.session.calls > 1000000000
}

notify contains "large model" if startswith(input.call.model, "large-")
`,
		},
	],
});

function policy(version: number): BoundPolicy {
	const pipeline: EffectivePipeline = {
		schema: 'tappass.effective-pipeline/1',
		steps: Object.fromEntries(
			steps.map(({ name, default_action }) => [
				name,
				{
					// One call made over and over is what it is there to stop.
					enabled: name !== 'loop_guard' || mcpUrl === undefined,
					action: name === 'detect_pii' ? 'notify' : default_action,
					parameters: name === 'detect_pii' || name === 'scan_output' ? { mode: 'reversible' } : {},
				},
			]),
		) as unknown as EffectivePipeline['steps'],
		constraints: [],
		approvals: [],
		forbidden_capabilities: [],
		trust_level: 'autonomous',
		models: { allow: ['bench'] },
		packs: [],
		function: null,
		categories: [],
		decisions: ['org', 'project', 'agent'].map(decision),
		tools: [{ name: 'collibra.get_asset', effect: 'read', capabilities: [], slots: {} }],
	};
	const who = { org_id, project: 'bench', agent: 'bench', sandbox_id, state: 'active', state_reason: null } as const;
	return {
		...who,
		epoch: 1,
		policy_version: version,
		compiled_policy,
		pipeline,
		because: [],
		region: 'eu',
		tool_aliases: {},
	};
}

/**
 * A log on disk: everything that waits is written and synced at once, then all who waited hear of it. As in a database's own log,
 * its space is there before and is used again, and what nobody waits for shares the write of what comes next.
 */
async function durableAudit(): Promise<AuditPort> {
	const { O_CREAT, O_DSYNC, O_RDWR, O_TRUNC } = constants;
	// A write ends when it is on the disk.
	const where = path.join(tmpdir(), `tappass-bench-${process.pid}.log`);
	const file = await open(where, O_CREAT | O_DSYNC | O_RDWR | O_TRUNC);
	// Nobody reads it, and a process that is ended leaves nothing behind.
	await unlink(where);
	await file.write(Buffer.alloc(segmentBytes));
	let at = 0;
	let waiting: { readonly text: string; readonly done: () => void; readonly failed: (error: unknown) => void }[] = [];
	let writing = false;
	let later: NodeJS.Timeout | undefined;
	const write = async (): Promise<void> => {
		writing = true;
		clearTimeout(later);
		later = undefined;
		while (waiting.length > 0) {
			const group = waiting;
			waiting = [];
			try {
				const bytes = Buffer.from(group.map(({ text }) => text).join(''));
				if (at + bytes.byteLength > segmentBytes) at = 0;
				await file.write(bytes, 0, bytes.byteLength, at);
				at += bytes.byteLength;
				for (const one of group) one.done();
			} catch (error) {
				for (const one of group) one.failed(error);
			}
		}
		writing = false;
	};
	return {
		append: (events, canWait) =>
			new Promise((done, failed) => {
				waiting.push({ text: `${JSON.stringify(events)}\n`, done, failed });
				if (writing) return;
				if (canWait === true) later ??= setTimeout(() => void write(), sharingMs);
				else void write();
			}),
	};
}

/** Steps 1 to 5 and the route: what every proxy with authentication does. */
function bare(pipeline: Pipeline, ports: GatewayPorts): Pipeline {
	const never = new AbortController().signal;
	const guard = {
		push: (_channel: string, text: string) => ({ effect: 'release', text }) as const,
		end: (_channel: string, text = '') => ({ effect: 'release', text }) as const,
		whole: async (text: string) => ({ effect: 'release', text }) as const,
		emission: async ({ arguments_text }: { readonly arguments_text: string }) =>
			({ effect: 'release', arguments_text }) as const,
	};
	return {
		...pipeline,
		async admit(call, caller) {
			const who = await pipeline.identify(call.wire, caller);
			if (who.effect === 'block') return who;
			const model = call.kind === 'model' ? call.model : '';
			const route = await ports.upstreams.route(org_id, model, undefined);
			if (route === undefined) throw new Error('no route');
			const headers = await ports.upstreams.credential(org_id, route.upstream);
			return {
				effect: 'allow',
				admitted: {
					request_id: who.identified.request_id,
					findings: [],
					edits: [],
					removed_tools: [],
					route: { ...route, headers },
					recorded: Promise.resolve(),
					cut: never,
					cutBy: () => {
						throw new Error('never cut');
					},
					guard,
					timings: {},
					settle: async () => {},
				},
			};
		},
	};
}

if (mode === 'bare' || mode === 'full') {
	const memory = memoryPorts({
		now: Date.now,
		monotonicMs: () => performance.now(),
		randomBytes: randomPool((bytes) => randomFillSync(bytes)),
		mandates: {
			async sign(_org, claims) {
				const message = `${encode({ alg: 'ES256', kid: keys.token.id, typ: 'JWT' })}.${encode(claims)}`;
				return `${message}.${encodeBase64Url(await keys.token.sign(new TextEncoder().encode(message)))}`;
			},
		},
	});
	const ports: GatewayPorts = mode === 'full' ? { ...memory, audit: await durableAudit() } : memory;
	memory.policies.setRoot(pinRoot(await makeDevelopmentRoot(keys, org_id)));
	memory.policies.set(policy(1));
	memory.sessions.open(org_id, sandbox_id, 'ses_bench', Date.now());
	memory.upstreams.serve({
		model: 'bench',
		regions: ['eu'],
		price: { input: 3, output: 15, cache_read: 0.3, cache_write: 3.75 },
		route: {
			upstream: 'bench',
			headers: { authorization: 'Bearer bench' },
			base_url: upstreamUrl ?? '',
			speaks: 'openai',
			timeout_ms: 30_000,
		},
	});
	if (mcpUrl !== undefined) {
		const transport = { kind: 'http', url: mcpUrl } as const;
		memory.mcpServers.register(org_id, {
			name: 'collibra',
			transport,
			credentials: {},
			auto_approve: false,
			revision: 1,
		});
	}
	const all = createPipeline(ports);
	const gateway = createGateway({ pipeline: mode === 'full' ? all : bare(all, ports), ports });
	const server = createServer(gateway.handle);
	server.keepAliveTimeout = 60_000;
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	// A token lasts five minutes, as a host's do: the benchmark asks for another one now and then.
	const mint = (): Promise<string> => {
		const iat = Math.floor(Date.now() / 1_000);
		return mintToken(
			{
				iss: 'tappass',
				aud: 'gateway',
				sub: sandbox_id,
				org_id,
				sid: 'ses_bench',
				pv: 1,
				ad: allowDenyDigest(compiled_policy),
				rate: 1_000_000,
				iat,
				exp: iat + 300,
				jti: 'bench',
			},
			keys.token,
		);
	};
	// A benchmark that was broken off leaves nothing running.
	process.once('disconnect', () => process.exit());
	let version = 1;
	let swapping: NodeJS.Timeout | undefined;
	process.on('message', async (asked) => {
		if (asked === 'swap') {
			swapping = setInterval(() => {
				version += 1;
				memory.policies.set(policy(version));
			}, 1_000);
		} else if (asked === 'steady') clearInterval(swapping);
		process.send?.({ rss_mb: Math.round(process.memoryUsage().rss / 1_048_576), token: await mint() });
	});
	process.send?.({ port: (server.address() as AddressInfo).port, token: await mint() });
}
