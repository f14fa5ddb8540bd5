/** How fast a host decides on a keyring of about 5 KB, both signatures checked, and what a signature alone costs. */
import { verify } from 'node:crypto';
import type { CompiledPolicy } from '@tappass/core';
import {
	developmentIdentity,
	generateKeys,
	makeDevelopmentKeyring,
	makeDevelopmentRoot,
	mintToken,
} from '@tappass/signing';
import { allowDenyDigest, createState, decide, importPublicKey, pinRoot, verifyCapabilityToken } from '@tappass/trust';
import { measure } from './measure.js';

const now = Date.UTC(2026, 0, 1, 12);

export async function run(): Promise<Readonly<Record<string, unknown>>> {
	const keys = generateKeys();
	const root = pinRoot(await makeDevelopmentRoot(keys));
	const terms = { compiled_policy: policy, policy_version: 7, seq: 41, ttl_seconds: 300, now };
	const bytes = await makeDevelopmentKeyring(keys, terms);
	const state = createState({ root, audience: developmentIdentity, floor: 'none' });
	const clocks = { wall_ms: now, monotonic_ms: 0 };
	// A floor makes every check run; one version behind, so that nothing is skipped as already known.
	const before = decide(state, await makeDevelopmentKeyring(keys, { ...terms, policy_version: 6, seq: 40 }), clocks);
	if (!before.accept) throw new Error(before.code);
	const decideNew = (): void => {
		if (!decide(before.state, bytes, clocks).accept) throw new Error('refused');
	};
	const decisions = measure(decideNew, 4_000);
	const again = await makeDevelopmentKeyring(keys, { ...terms, policy_version: 6, seq: 41 });
	const renewals = measure(() => {
		if (!decide(before.state, again, clocks).accept) throw new Error('refused');
	});
	const forged = forge(bytes);
	const refusals = measure(() => {
		if (decide(before.state, forged, clocks).accept) throw new Error('accepted');
	});
	const message = new Uint8Array(2_048);
	const signature = await keys.policy.sign(message);
	const { key } = importPublicKey('ed25519', keys.policy.spki);
	// The floor under every decision: what Node needs for two signatures, with nothing around them.
	const pair = measure(() => verify(null, message, key, signature) && verify(null, message, key, signature));
	const token = await mintToken(claims, keys.token);
	const tokens = measure(() => verifyCapabilityToken(token, root, { audience: 'gateway', now }));
	return {
		payload_bytes: bytes.byteLength,
		decisions_per_second: decisions.per_second,
		decisions_per_cpu_second: perCpuSecond(decideNew),
		decide_p50_us: decisions.p50_us,
		decide_p99_us: decisions.p99_us,
		two_signatures_p50_us: pair.p50_us,
		ratio_to_two_signatures: Math.round((decisions.p50_us / pair.p50_us) * 100) / 100,
		besides_signatures_p50_us: Math.round((decisions.p50_us - pair.p50_us) * 100) / 100,
		same_policy_decisions_per_second: renewals.per_second,
		forged_refusals_per_second: refusals.per_second,
		token_verifications_per_second: tokens.per_second,
	};
}

/** How often `work` is done in a second of this process's own processor time: what a busy machine does not distort. */
function perCpuSecond(work: () => void, rounds = 5_000): number {
	const before = process.cpuUsage();
	for (let round = 0; round < rounds; round += 1) work();
	const { user, system } = process.cpuUsage(before);
	return Math.round((rounds * 1_000_000) / (user + system));
}

/** The same keyring with one character of the policy changed. */
function forge(bytes: Uint8Array): Uint8Array {
	const text = new TextDecoder().decode(bytes);
	const at = text.lastIndexOf('"payload":"') + 100;
	return new TextEncoder().encode(`${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`);
}

const names = (count: number, name: (index: number) => string): readonly string[] =>
	Array.from({ length: count }, (_, index) => name(index));

const policy: CompiledPolicy = {
	schema: 'tappass.compiled-policy/1',
	network: {
		allow_domains: names(12, (at) => `files-${at}.acme-data.com`),
		deny_categories: ['paste_sites', 'anonymizers'],
	},
	filesystem: {
		workspace: '/workspace',
		read_only: names(4, (at) => `/usr/share/dataset-${at}`),
		deny_paths: ['~/.ssh', '~/.aws', '/etc/shadow'],
	},
	tools: {
		allow: names(18, (at) => `collibra.get_asset_${at}`),
		deny: ['*.delete_*', 'shell.**'],
		schemas_acl: { collibra: { finance: 'ro', sales: 'rw', pii_archive: 'deny' } },
	},
	interpreter: { host_functions: ['fetch_asset'], memory_mb: 64, cpu_time_ms: 500, stack_depth: 200 },
	budget: { tokens_per_day: 500_000, dollars_per_month: 200, tool_calls_per_minute: 30 },
	compliance_tags: ['SOC2:CC6.1', 'GDPR:Art.32', 'EU-AI-ACT:Art.12'],
};

const claims = {
	iss: 'tappass',
	aud: 'gateway',
	sub: developmentIdentity.sandbox_id,
	org_id: developmentIdentity.org_id,
	sid: 'bench',
	pv: 7,
	ad: allowDenyDigest(policy),
	rate: 30,
	iat: now / 1_000,
	exp: now / 1_000 + 300,
	jti: 'bench',
} as const;
