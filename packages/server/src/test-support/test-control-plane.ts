import { randomBytes } from 'node:crypto';
import path from 'node:path';
import {
	type CompiledPolicy,
	canonicalJson,
	emptyCompiledPolicy,
	instant,
	type OrgId,
	type Runtime,
	type SandboxId,
	sha256Hex,
} from '@tappass/core';
import {
	composeRoot,
	documentBytes,
	generateSigner,
	type LocalSigner,
	signPolicyStatement,
	signRoot,
} from '@tappass/signing';
import { type PolicyStatement, pinRoot, protocolVersion } from '@tappass/trust';
import { AuditLog } from '../audit-store/audit-log.ts';
import { authoritySpkiSha256, createAuthority } from '../ca/authority.ts';
import { type EmittedBootstrap, emitBootstrap } from '../enrol/enrolment.ts';
import { announce } from '../events/notices.ts';
import { openRestoreGuard } from '../freshness/restore-guard.ts';
import { type HostPlane, type HostPlaneOptions, startHostPlane } from '../host-plane/host-plane.ts';
import { acceptRoot } from '../keys/accept-root.ts';
import { fileKms } from '../keys/kms.ts';
import { OrgKeys } from '../keys/org-keys.ts';
import { newId } from '../store/ids.ts';
import { insertRoot, newestRoot, setCertificate } from '../store/keys.ts';
import { revokeSandbox } from '../store/sandboxes.ts';
import type { OrgTransaction } from '../store/store.ts';
import { type TestDatabase, testDatabase } from './test-database.ts';

const trustDomain = 'tappass.test';

/** An org whose root keys the test holds. */
export interface TestOrg {
	readonly org_id: OrgId;
	readonly roots: readonly LocalSigner[];
	readonly keys: Readonly<Record<'policy' | 'freshness' | 'token' | 'audit' | 'host_ca', LocalSigner>>;
}

/** A real database with the host plane on it, and what an operator would do, without the operator's API. */
export interface TestControlPlane {
	readonly database: TestDatabase;
	readonly keys: OrgKeys;
	/** The audit log; nothing is sequenced until it is started. */
	readonly audit: AuditLog;
	/** Starts a host plane on a free port; `close` of the control plane closes it too. */
	readonly start: (options?: Partial<HostPlaneOptions>) => Promise<HostPlane>;
	/** Where the first host plane is reached. */
	readonly address: () => string;
	readonly addOrg: (id: string) => Promise<TestOrg>;
	/** Adds sandboxes, each with a first statement of the empty policy. */
	readonly addSandboxes: (org: TestOrg, count: number) => Promise<readonly SandboxId[]>;
	/** Signs the next version for sandboxes and announces it, as a recompile does. */
	readonly apply: (org: TestOrg, ids: readonly SandboxId[], change?: ApplyOptions) => Promise<void>;
	readonly emit: (org: TestOrg, id: SandboxId, now?: number) => Promise<EmittedBootstrap>;
	readonly revoke: (org: TestOrg, id: SandboxId) => Promise<void>;
	/** Signs the next root document, with the same keys unless told otherwise, and stores it. */
	readonly rotate: (
		org: TestOrg,
		change: { readonly epoch: number; readonly keys?: Partial<TestOrg['keys']> },
	) => Promise<void>;
	/** Gives the server new signing keys in place of an org's, as a rotation does. */
	readonly replaceKeys: (org: TestOrg, roles: readonly ReplaceableRole[]) => Promise<Partial<TestOrg['keys']>>;
	/** Security events of an org, oldest first. */
	readonly securityEvents: (org: TestOrg) => Promise<readonly SecurityEvent[]>;
	readonly close: () => Promise<void>;
}

/** A role whose key can be replaced while hosts are connected. */
export type ReplaceableRole = 'policy' | 'freshness' | 'token';

export interface SecurityEvent {
	readonly code: string;
	readonly sandbox_id: string | null;
	readonly detail: Record<string, unknown>;
}

export interface ApplyOptions {
	readonly policy?: CompiledPolicy;
	readonly epoch?: number;
	readonly min_protocol?: number;
	/** Signs in place of the org's policy key. */
	readonly signer?: LocalSigner;
	readonly now?: number;
}

/** A policy that differs from any other by its budget. */
export function policyWithBudget(tool_calls_per_minute: number): CompiledPolicy {
	return { ...emptyCompiledPolicy, budget: { ...emptyCompiledPolicy.budget, tool_calls_per_minute } };
}

const runtime: Runtime = {
	schema: 'tappass.runtime/1',
	id: 'default',
	description: 'For tests.',
	rings: { harness: null, kernel: 'bubblewrap', interpreter: null },
	llm_gateway: { upstreams: [] },
	mcp_broker: { servers: [] },
	cidrs: [],
	accepted_gaps: [],
} as unknown as Runtime;

/** Starts it all in a directory of its own. */
export async function testControlPlane(): Promise<TestControlPlane> {
	const database = await testDatabase();
	const { directory, store } = database;
	const keys = new OrgKeys(await fileKms(path.join(directory, 'secrets', 'kms.key')));
	const audit = new AuditLog({
		store,
		keys,
		directory: path.join(directory, 'watermarks'),
		host: trustDomain,
		now: Date.now,
		log: () => {},
	});
	const planes: HostPlane[] = [];
	let port = 0;
	const address = (): string => `https://127.0.0.1:${port}`;

	const start = async (options: Partial<HostPlaneOptions> = {}): Promise<HostPlane> => {
		const plane = await startHostPlane({
			store,
			audit,
			keys,
			guard: openRestoreGuard(path.join(directory, 'watermarks'), store),
			trustDomain,
			get address() {
				return address();
			},
			listen: { host: '127.0.0.1', port: 0 },
			...options,
		});
		planes.push(plane);
		if (port === 0) port = plane.port;
		return plane;
	};

	const addOrg = async (id: string): Promise<TestOrg> => {
		const org_id = id as OrgId;
		return store.withOrg(org_id, async (transaction) => {
			await transaction.insertInto('orgs').values({ org_id, name: id, region: 'local' }).execute();
			const made = await keys.create(transaction, org_id);
			const ca = await createAuthority(org_id, made.host_ca, { now: Date.now(), serial: randomBytes(16) });
			await setCertificate(transaction, made.host_ca.id, ca.certificate);
			const org: TestOrg = { org_id, roots: [1, 2, 3].map(() => generateSigner('ed25519')), keys: made };
			const document = await signedRoot(org, org.keys, 1, 1);
			await insertRoot(transaction, { org_id, version: 1, epoch: 1, document, sha256: pinRoot(document).sha256 });
			await insertParents(transaction, org_id);
			return org;
		});
	};

	const addSandboxes = async (org: TestOrg, count: number): Promise<readonly SandboxId[]> => {
		const { org_id } = org;
		const ids = Array.from({ length: count }, () => newId('sbx') as SandboxId);
		const scope = {
			spec_id: 'spec',
			project: 'payments',
			agent: 'agent',
			runtime_id: 'default',
			created_by: 'user_test',
		};
		await store.withOrg(org_id, async (transaction) => {
			await transaction
				.insertInto('sandboxes')
				.values(ids.map((id) => ({ org_id, id, ...scope })))
				.execute();
		});
		await apply(org, ids);
		return ids;
	};

	const apply = async (org: TestOrg, ids: readonly SandboxId[], change: ApplyOptions = {}): Promise<void> => {
		for (let at = 0; at < ids.length; at += 200) {
			await store.withOrg(org.org_id, (transaction) =>
				applyBatch(transaction, org, ids.slice(at, at + 200), change, address()),
			);
		}
	};

	return {
		database,
		keys,
		audit,
		start,
		address,
		addOrg,
		addSandboxes,
		apply,
		emit: (org, sandbox_id, now = Date.now()) =>
			store.withOrg(org.org_id, (transaction) =>
				emitBootstrap(transaction, {
					org_id: org.org_id,
					sandbox_id,
					created_by: 'user_test',
					address: address(),
					now,
				}),
			),
		revoke: ({ org_id }, id) =>
			store.withOrg(org_id, async (transaction) => {
				await revokeSandbox(transaction, id, 'by the test', new Date());
				await announce(transaction, { kind: 'state', org_id, sandbox_ids: [id] });
			}),
		rotate: ({ ...org }, { epoch, keys: replaced }) =>
			store.withOrg(org.org_id, async (transaction) => {
				const held = (await newestRoot(transaction))!;
				const signers = { ...org.keys, ...replaced };
				await acceptRoot(transaction, org.org_id, await signedRoot(org, signers, held.version + 1, epoch), Date.now());
			}),
		replaceKeys: ({ org_id }, roles) =>
			store.withOrg(org_id, async (transaction) => {
				const old = await transaction.selectFrom('org_keys').selectAll().where('retired_at', 'is', null).execute();
				const setRetired = (key_id: string, retired_at: Date | null): Promise<unknown> =>
					transaction.updateTable('org_keys').set({ retired_at }).where('key_id', '=', key_id).execute();
				for (const { key_id } of old) await setRetired(key_id, new Date());
				const made = await keys.create(transaction, org_id);
				for (const { key_id, role } of old) {
					if ((roles as readonly string[]).includes(role)) continue;
					await setRetired(made[role].id, new Date());
					await setRetired(key_id, null);
				}
				return Object.fromEntries(roles.map((role) => [role, made[role]]));
			}),
		securityEvents: ({ org_id }) =>
			store.withOrg(org_id, (transaction) =>
				transaction.selectFrom('security_events').select(['code', 'sandbox_id', 'detail']).orderBy('id').execute(),
			),
		close: async () => {
			await Promise.all(planes.map((plane) => plane.close()));
			await database.close();
		},
	};
}

/** `root.json` of an org, signed by two of its root keys. */
export async function signedRoot(
	org: TestOrg,
	signers: TestOrg['keys'],
	version: number,
	epoch: number,
	by: readonly LocalSigner[] = org.roots.slice(0, 2),
): Promise<Buffer> {
	const now = Date.now();
	const root = composeRoot(
		{
			org_id: org.org_id,
			version,
			epoch,
			issued_at: instant(now - 1_000),
			expires_at: instant(now + 365 * 86_400_000),
			host_ca_spki_sha256: authoritySpkiSha256({ signer: signers.host_ca }),
		},
		{
			root: org.roots,
			policy: signers.policy,
			freshness: signers.freshness,
			token: signers.token,
			audit: signers.audit,
		},
	);
	return Buffer.from(documentBytes(await signRoot(root, by)));
}

async function insertParents(transaction: OrgTransaction, org_id: OrgId): Promise<void> {
	const created_by = 'user_test';
	await transaction.insertInto('projects').values({ org_id, name: 'payments', created_by }).execute();
	await transaction.insertInto('agents').values({ org_id, project: 'payments', name: 'agent', created_by }).execute();
	await transaction
		.insertInto('sandbox_specs')
		.values({
			org_id,
			id: 'spec',
			project: 'payments',
			agent: 'agent',
			runtime_id: 'default',
			file: 'spec.yaml',
			document: Buffer.from('{}'),
			files: '{}',
			created_by,
		})
		.execute();
}

async function applyBatch(
	transaction: OrgTransaction,
	org: TestOrg,
	ids: readonly SandboxId[],
	change: ApplyOptions,
	sync_url: string,
): Promise<void> {
	const { org_id } = org;
	const { epoch: inForce } = await transaction.selectFrom('orgs').select('epoch').executeTakeFirstOrThrow();
	const policy = change.policy ?? emptyCompiledPolicy;
	const epoch = change.epoch ?? inForce;
	const now = change.now ?? Date.now();
	const signer = change.signer ?? org.keys.policy;
	const compiled_sha256 = sha256Hex(new TextEncoder().encode(canonicalJson(policy)));
	await transaction
		.insertInto('compiled_policies')
		.values({
			org_id,
			sha256: compiled_sha256,
			compiled_policy: canonicalJson(policy),
			effective_pipeline: '{}',
			because: '{}',
		})
		.onConflict((conflict) => conflict.doNothing())
		.execute();
	const rows = await transaction
		.selectFrom('sandboxes')
		.selectAll()
		.where('id', 'in', [...ids])
		.orderBy('id')
		.forUpdate()
		.execute();
	for (const row of rows) {
		const policy_version = row.epoch === epoch ? row.policy_version + 1 : 1;
		const statement = {
			schema: 'tappass.policy-statement/1',
			identity: {
				org_id,
				project: row.project,
				agent: row.agent,
				sandbox_id: row.id,
				runtime_id: row.runtime_id,
				region: 'local',
				sync_url,
			},
			epoch,
			policy_version,
			prev_sha256: row.epoch === epoch ? row.policy_sha256 : null,
			min_protocol: change.min_protocol ?? protocolVersion,
			issued_at: instant(now),
			compiled_policy: policy,
			runtime,
			tool_aliases: {},
			domain_categories: {},
			agent_plane_url: 'https://127.0.0.1:7602',
		} as unknown as PolicyStatement;
		const { envelope, sha256 } = await signPolicyStatement(statement, signer);
		await transaction
			.insertInto('policy_statements')
			.values({
				org_id,
				sandbox_id: row.id,
				epoch,
				policy_version,
				sha256,
				envelope: Buffer.from(documentBytes(envelope)),
				compiled_sha256,
				key_id: signer.id,
				issued_at: new Date(now),
			})
			.execute();
		await transaction
			.updateTable('sandboxes')
			.set({ epoch, policy_version, policy_sha256: sha256, stale: false })
			.where('id', '=', row.id)
			.execute();
	}
	await announce(transaction, { kind: 'policy', org_id, sandbox_ids: ids });
}
