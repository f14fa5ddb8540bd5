import {
	type AgentName,
	canonicalJson,
	instant,
	type OrgId,
	type ProjectName,
	type RuntimeId,
	type SandboxId,
	sha256Hex,
	TapPassError,
} from '@tappass/core';
import {
	type CompileResult,
	compilePolicy,
	emptyLibrary,
	isRefused,
	type PolicyMemo,
	toolAliases,
} from '@tappass/policy';
import { documentBytes, signPolicyStatement } from '@tappass/signing';
import { type PolicyStatement, protocolVersion } from '@tappass/trust';
import type { Insertable } from 'kysely';
import type { OrgKeys } from '../keys/org-keys.ts';
import { serverLimits } from '../limits.ts';
import { readOrg, readPolicies } from '../store/policies.ts';
import type { PolicyStatementTable } from '../store/policy-tables.ts';
import {
	countRecompiled,
	type Derived,
	putCompiled,
	readRuntimes,
	readSpecs,
	type SandboxRow,
	type SpecRow,
	storeStatements,
	takeStale,
} from '../store/sandboxes.ts';
import type { OrgTransaction } from '../store/store.ts';
import { catalogFor, inputsKey, type OrgInputs, requestFor, runtimeOf, type Target } from './inputs.ts';
import type { Shipped } from './shipped.ts';

/** What every statement of this server says besides the policy. */
export interface StatementTerms {
	/** `https://…` of the host plane. */
	readonly sync_url: string;
	/** `http(s)://…` of the gateway and broker. */
	readonly agent_plane_url: string;
}

export interface DeriveContext {
	readonly shipped: Shipped;
	readonly memo: PolicyMemo;
	readonly keys: OrgKeys;
	readonly terms: StatementTerms;
}

/** What one batch did. */
export interface Batch {
	/** How many stale sandboxes were looked at; 0 when there was none to take. */
	readonly taken: number;
	/** Those with a new statement. */
	readonly derived: readonly SandboxId[];
	/** Those whose policy does not compile: their new statement denies everything. */
	readonly failed: readonly SandboxId[];
	/** The new statements, for the audit log. */
	readonly signed: readonly SignedStatement[];
}

/** A statement that was just signed. */
export interface SignedStatement {
	readonly sandbox_id: SandboxId;
	readonly epoch: number;
	readonly policy_version: number;
	readonly sha256: string;
	/** The key that signed it. */
	readonly key_id: string;
	readonly project: string;
	readonly agent: string;
	/** Why it denies everything; null when it compiled. */
	readonly error: string | null;
}

/** Reads what an org's policies are made from. */
export async function readInputs(
	transaction: OrgTransaction,
	{ shipped, memo }: Pick<DeriveContext, 'shipped' | 'memo'>,
): Promise<OrgInputs & { readonly epoch: number; readonly region: string }> {
	const { name, epoch, region } = await readOrg(transaction);
	const [policies, runtimes] = [await readPolicies(transaction), await readRuntimes(transaction)];
	return { shipped, memo, org: name, policies, runtimes, epoch, region };
}

/** What a sandbox's statement depends on besides its version: the same key means the statement still holds. */
export function statementKey(
	inputs: OrgInputs & { readonly region: string },
	spec: SpecRow,
	terms: StatementTerms,
): string {
	const target = { project: spec.project, agent: spec.agent, spec };
	return sha256Hex(new TextEncoder().encode(canonicalJson([inputsKey(inputs, target), inputs.region, { ...terms }])));
}

/**
 * Derives one batch of stale sandboxes in the caller's transaction: compile once per spec, sign once per sandbox, store.
 * After a crash nothing of an unfinished batch is there, and its sandboxes are still stale.
 */
export async function deriveBatch(
	transaction: OrgTransaction,
	orgId: OrgId,
	context: DeriveContext,
	now: number,
	count: number = serverLimits.recompileBatch,
): Promise<Batch> {
	const sandboxes = await takeStale(transaction, count);
	if (sandboxes.length === 0) return { taken: 0, derived: [], failed: [], signed: [] };
	const inputs = await readInputs(transaction, context);
	const specs = new Map((await readSpecs(transaction)).map((spec) => [spec.id, spec]));
	const signer = await context.keys.current(transaction, orgId, 'policy');
	const made = new Map<string, Product>();
	const statements: Insertable<PolicyStatementTable>[] = [];
	const moved: Derived[] = [];
	const signed: SignedStatement[] = [];
	const failed: SandboxId[] = [];
	for (const sandbox of sandboxes) {
		const spec = specs.get(sandbox.spec_id)!;
		const key = statementKey(inputs, spec, context.terms);
		let product = made.get(spec.id);
		if (product === undefined) {
			product = await produce(transaction, orgId, inputs, spec);
			made.set(spec.id, product);
		}
		const { id } = sandbox;
		const { error, parts } = product;
		if (error !== null) failed.push(id);
		if (sandbox.policy_key === key && sandbox.epoch === inputs.epoch && sandbox.compile_error === error) {
			// Nothing it depends on is different after all: its statement still holds.
			moved.push({ ...pick(sandbox), policy_sha256: sandbox.policy_sha256!, policy_key: key, compile_error: error });
			continue;
		}
		const policy_version = sandbox.epoch === inputs.epoch ? sandbox.policy_version + 1 : 1;
		const statement: PolicyStatement = {
			schema: 'tappass.policy-statement/1',
			identity: {
				org_id: orgId,
				project: sandbox.project as ProjectName,
				agent: sandbox.agent as AgentName,
				sandbox_id: id,
				runtime_id: parts.runtime.id as RuntimeId,
				region: inputs.region,
				sync_url: context.terms.sync_url,
			},
			epoch: inputs.epoch,
			policy_version,
			prev_sha256: sandbox.epoch === inputs.epoch ? sandbox.policy_sha256 : null,
			min_protocol: protocolVersion,
			issued_at: instant(now),
			...parts,
			agent_plane_url: context.terms.agent_plane_url,
		};
		const { envelope, sha256 } = await signPolicyStatement(statement, signer);
		statements.push({
			org_id: orgId,
			sandbox_id: id,
			epoch: inputs.epoch,
			policy_version,
			sha256,
			envelope: documentBytes(envelope),
			compiled_sha256: product.compiled_sha256,
			key_id: signer.id,
			issued_at: new Date(now),
		});
		signed.push({
			sandbox_id: id,
			epoch: inputs.epoch,
			policy_version,
			sha256,
			key_id: signer.id,
			project: sandbox.project,
			agent: sandbox.agent,
			error,
		});
		moved.push({
			id,
			epoch: inputs.epoch,
			policy_version,
			policy_sha256: sha256,
			policy_key: key,
			compile_error: error,
		});
	}
	await storeStatements(transaction, statements, moved);
	await countRecompiled(transaction, sandboxes.length, failed.length);
	return { taken: sandboxes.length, derived: statements.map(({ sandbox_id }) => sandbox_id), failed, signed };
}

function pick({ id, epoch, policy_version }: SandboxRow): Pick<Derived, 'id' | 'epoch' | 'policy_version'> {
	return { id, epoch, policy_version };
}

interface Product {
	readonly compiled_sha256: string;
	readonly parts: Pick<PolicyStatement, 'compiled_policy' | 'runtime' | 'tool_aliases' | 'domain_categories'>;
	/** Why the policy denies everything instead of what was written. */
	readonly error: string | null;
}

async function produce(transaction: OrgTransaction, orgId: OrgId, inputs: OrgInputs, spec: SpecRow): Promise<Product> {
	const target: Target = { project: spec.project, agent: spec.agent, spec };
	const runtime = runtimeOf(inputs, spec.runtime_id);
	const { result, error } = compileOrDeny(inputs, target);
	const { compiled_policy, effective_pipeline, because } = result;
	const { harness } = runtime.rings;
	const aliases = harness === null ? {} : { [harness]: toolAliases(catalogFor(inputs, spec.agent), harness) };
	const categories = compiled_policy.network.deny_categories.map((id) => [
		id,
		inputs.shipped.library.domainCategories.get(id)?.value.domains ?? [],
	]);
	const [policyText, pipelineText, becauseText] = [compiled_policy, effective_pipeline, because].map(canonicalJson);
	const compiled_sha256 = sha256Hex(new TextEncoder().encode(`[${policyText},${pipelineText},${becauseText}]`));
	await putCompiled(transaction, {
		org_id: orgId,
		sha256: compiled_sha256,
		compiled_policy: policyText!,
		effective_pipeline: pipelineText!,
		because: becauseText!,
	});
	const domain_categories = Object.fromEntries(categories) as PolicyStatement['domain_categories'];
	return { compiled_sha256, parts: { compiled_policy, runtime, tool_aliases: aliases, domain_categories }, error };
}

// What was stored had compiled; when it no longer does (shipped data changed with an upgrade), the answer is to deny all.
function compileOrDeny(
	inputs: OrgInputs,
	target: Target,
): { readonly result: CompileResult; readonly error: string | null } {
	const result = compilePolicy({ ...requestFor(inputs, target), forceNarrow: true });
	if (!isRefused(result)) return { result, error: null };
	const first = result.diagnostics[0];
	const empty = compilePolicy({ library: emptyLibrary });
	if (isRefused(empty)) throw new TapPassError('internal', { detail: 'the empty policy does not compile' });
	return { result: empty, error: `${first?.code ?? 'policy_invalid'}: ${first?.message ?? ''}` };
}
