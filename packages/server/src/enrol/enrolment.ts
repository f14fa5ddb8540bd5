import { randomBytes } from 'node:crypto';
import { instant, type OrgId, parseJson, type SandboxId, TapPassError } from '@tappass/core';
import type { CertificateAnswer, EnrolmentAnswer, ExchangeRequest, PublicKey } from '@tappass/trust';
import type { Selectable } from 'kysely';
import type { Audit } from '../audit-store/append.ts';
import { issueHostCertificate, pem } from '../ca/authority.ts';
import { readCertificateRequest } from '../ca/certificate-request.ts';
import { announce } from '../events/notices.ts';
import type { KeyringIssuer } from '../freshness/keyring-issuer.ts';
import type { RestoreGuard } from '../freshness/restore-guard.ts';
import {
	activateSandbox,
	burnBootstrap,
	epochBegan,
	insertBootstrap,
	insertCertificate,
	isNameTaken,
	leaveBehind,
	lockBootstrap,
	lockSandbox,
	markSeen,
	orgEpoch,
	readHost,
	setGeneration,
	setSandboxState,
	voidCertificates,
} from '../store/enrolment.ts';
import type { BootstrapTable, SandboxTable } from '../store/host-tables.ts';
import { newId } from '../store/ids.ts';
import { listAuthorities, newestRoot } from '../store/keys.ts';
import type { OrgTransaction, Store } from '../store/store.ts';
import { syncLimits } from '../sync-limits.ts';
import { hostState } from './host-state.ts';
import { decideRenewal } from './presented-certificate.ts';
import { decideRedemption } from './redemption.ts';
import { rootEnvelopes } from './root-envelopes.ts';
import { tellSecurity } from './security-event.ts';
import { bootstrapUrl, makeBootstrapToken, readBootstrapToken } from './token.ts';

/** The CA's key of an org, as `OrgKeys` holds it. */
export interface AuthorityKeys {
	readonly current: (
		transaction: OrgTransaction,
		orgId: OrgId,
		role: 'host_ca',
	) => Promise<Parameters<typeof issueHostCertificate>[0]['signer'] & { readonly certificate: Uint8Array | null }>;
}

/** What enrolment works with. */
export interface EnrolmentOptions {
	readonly store: Pick<Store, 'withOrg'>;
	readonly audit: Audit;
	readonly keys: AuthorityKeys;
	readonly issuer: Pick<KeyringIssuer, 'issue'>;
	readonly guard: Pick<RestoreGuard, 'assertNotRestored'>;
	readonly trustDomain: string;
	/** Where hosts reach the host plane, `https://…`. */
	readonly address: string;
	/** Unix milliseconds. */
	readonly now: () => number;
}

/** A bootstrap URL, to be shown once. */
export interface EmittedBootstrap {
	readonly id: string;
	readonly url: string;
	/** An instant. */
	readonly expires_at: string;
}

/**
 * Makes a bootstrap URL for a sandbox: 15 minutes, single use, kept as a hash.
 * @param terms `address` is where hosts reach the host plane; `now` is Unix milliseconds
 */
export async function emitBootstrap(
	transaction: OrgTransaction,
	terms: {
		readonly org_id: OrgId;
		readonly sandbox_id: SandboxId;
		readonly created_by: string;
		readonly address: string;
		readonly now: number;
	},
): Promise<EmittedBootstrap> {
	const { address, created_by, now, org_id, sandbox_id } = terms;
	const root = await newestRoot(transaction);
	if (root === undefined) throw new TapPassError('key_unknown', { detail: `${org_id} has no root document` });
	const token = makeBootstrapToken(org_id, randomBytes(32));
	const id = newId('boot');
	const expires = now + syncLimits.bootstrapLifeMs;
	await insertBootstrap(transaction, {
		org_id,
		id,
		token_hash: token.hash,
		sandbox_id,
		created_by,
		created_at: new Date(now),
		expires_at: new Date(expires),
	});
	return {
		id,
		url: bootstrapUrl(address, token.text, root.sha256),
		expires_at: instant(expires),
	};
}

/**
 * Redeems a bootstrap URL for a certificate, the newest root documents and a first keyring. Of any number of attempts with
 * different keys exactly one succeeds; the same key gets the same certificate again for a minute.
 *
 * @param from address the request came from, for the operator who is told of a second attempt
 * @throws {TapPassError} csr_invalid, bootstrap_…, root_rollback, root_chain_too_long, already_exists, policy_pending, sandbox_revoked, restore_suspected
 */
export async function exchange(
	options: EnrolmentOptions,
	token: string,
	request: ExchangeRequest,
	from: string,
): Promise<EnrolmentAnswer> {
	const read = readBootstrapToken(token);
	if (read === undefined) throw new TapPassError('bootstrap_unknown');
	const { hash, org_id } = read;
	const key = await readCertificateRequest(request.csr);
	await options.guard.assertNotRestored(org_id);
	const outcome = await options.store
		.withOrg(org_id, (transaction) =>
			redeem(options, transaction, { org_id, hash, key, name: request.name, root_version: request.root_version, from }),
		)
		.catch((error: unknown) => {
			if (isNameTaken(error)) throw nameTaken(request.name);
			throw error;
		});
	// Thrown out here, since the record of the attempt must not be undone with it.
	if (outcome instanceof TapPassError) throw outcome;
	const keyring = await options.issuer.issue(org_id, outcome.sandbox_id);
	return {
		schema: 'tappass.enrolment/1',
		org_id,
		sandbox_id: outcome.sandbox_id,
		sync_url: options.address,
		certificate: outcome.certificate,
		roots: outcome.roots,
		keyring: parseJson(keyring.bytes) as EnrolmentAnswer['keyring'],
	};
}

interface Attempt {
	readonly org_id: OrgId;
	readonly hash: Uint8Array;
	readonly key: PublicKey;
	readonly name: string;
	readonly root_version: number;
	readonly from: string;
}

interface Redeemed {
	readonly sandbox_id: SandboxId;
	readonly certificate: CertificateAnswer;
	readonly roots: EnrolmentAnswer['roots'];
}

async function redeem(
	options: EnrolmentOptions,
	transaction: OrgTransaction,
	attempt: Attempt,
): Promise<Redeemed | TapPassError> {
	const bootstrap = await lockBootstrap(transaction, attempt.hash);
	const decision = decideRedemption(bootstrap === undefined ? undefined : stateOf(bootstrap), {
		key_sha256: attempt.key.id,
		now: options.now(),
		void_before: await epochBegan(transaction),
	});
	if (decision.kind === 'refuse') {
		if (decision.alarm) await tellOperator(transaction, options.audit, attempt, bootstrap!, decision.code);
		return new TapPassError(decision.code);
	}
	const { sandbox_id } = bootstrap!;
	const newest = await newestRoot(transaction);
	if (newest === undefined) throw new TapPassError('key_unknown', { detail: 'no root document' });
	// Before anything is burned: what comes back must be what this host can walk to.
	if (attempt.root_version > newest.version)
		throw new TapPassError('root_rollback', {
			detail: `this server has root document ${newest.version}, the host has ${attempt.root_version}`,
		});
	const roots = await rootEnvelopes(transaction, attempt.root_version);
	const certificate =
		decision.kind === 'repeat'
			? (parseJson(bootstrap!.response!) as unknown as CertificateAnswer)
			: await burn(options, transaction, attempt, bootstrap!);
	return { sandbox_id, certificate, roots };
}

async function burn(
	options: EnrolmentOptions,
	transaction: OrgTransaction,
	{ from, key, name, org_id }: Attempt,
	{ id, sandbox_id }: Selectable<BootstrapTable>,
): Promise<CertificateAnswer> {
	const sandbox = await lockSandbox(transaction, sandbox_id);
	assertEnrollable(sandbox, await orgEpoch(transaction));
	const generation = sandbox.generation + 1;
	if (!(await activateSandbox(transaction, sandbox_id, { name, generation }))) throw nameTaken(name);
	const at = new Date(options.now());
	// A sandbox that is enrolled anew leaves its old host behind.
	await leaveBehind(transaction, sandbox_id, at);
	const certificate = await certify(options, transaction, { org_id, sandbox_id }, key, generation);
	const response = Buffer.from(JSON.stringify(certificate));
	// The row is locked, so this cannot fail; if it ever did, nothing of the above may stay.
	if (!(await burnBootstrap(transaction, id, { at, key_sha256: key.id, from, response })))
		throw new TapPassError('bootstrap_used');
	const { audit } = options;
	await audit.appendIn(transaction, [
		audit.event({
			type: 'host.enrolled',
			org_id,
			actor: { kind: 'host', id: sandbox_id },
			decision: 'allow',
			sandbox_id,
			payload: { bootstrap_id: id, name, generation, key_sha256: key.id, from },
		}),
	]);
	await announce(transaction, { kind: 'renewed', org_id, sandbox_ids: [sandbox_id] });
	return certificate;
}

function assertEnrollable(
	sandbox: Selectable<SandboxTable> | undefined,
	epoch: number | undefined,
): asserts sandbox is Selectable<SandboxTable> {
	if (sandbox === undefined) throw new TapPassError('bootstrap_unknown');
	if (sandbox.state === 'revoked') throw new TapPassError('sandbox_revoked');
	if (sandbox.state === 'locked') throw new TapPassError('sandbox_locked');
	// Before anything is burned: a host that cannot have a keyring yet asks again with the same URL.
	if (sandbox.policy_version === 0 || sandbox.epoch !== epoch) throw new TapPassError('policy_pending');
}

async function tellOperator(
	transaction: OrgTransaction,
	audit: Audit,
	{ from, org_id }: Attempt,
	{ id, sandbox_id, used_at, used_from }: Selectable<BootstrapTable>,
	code: string,
): Promise<void> {
	const detail = { bootstrap_id: id, used_from, used_at: used_at?.toISOString() ?? null, from };
	await tellSecurity(transaction, audit, org_id, { code, sandbox_id, detail });
}

/**
 * Gives a host its next certificate. One whose successor has been shown cannot renew: two hosts hold one identity, and
 * both are locked.
 *
 * @param host whom the certificate of the connection names, its serial, and its bytes
 * @throws {TapPassError} csr_invalid, sandbox_locked, certificate_…
 */
export async function renew(
	options: EnrolmentOptions,
	host: {
		readonly org_id: OrgId;
		readonly sandbox_id: SandboxId;
		readonly serial: string;
		readonly certificate: Uint8Array;
	},
	csr: string,
): Promise<CertificateAnswer> {
	const key = await readCertificateRequest(csr);
	await options.guard.assertNotRestored(host.org_id);
	const outcome = await options.store.withOrg(host.org_id, async (transaction) => {
		const sandbox = await lockSandbox(transaction, host.sandbox_id);
		const row = await readHost(transaction, host.sandbox_id, host.serial);
		if (sandbox === undefined || row === undefined || row.presented?.certificate.equals(host.certificate) !== true)
			return new TapPassError('certificate_required', { detail: 'this server did not issue it' });
		const decision = decideRenewal(hostState(row), key.id, options.now());
		if (decision.kind === 'refuse') {
			if (decision.lock) await lockTwins(transaction, options.audit, host, row.presented.generation);
			return new TapPassError(decision.code);
		}
		// It is shown here as anywhere else: those before it are void, or a copy of one could go on.
		if (row.presented.first_seen_at === null)
			await markSeen(transaction, host.sandbox_id, row.presented.generation, new Date(options.now()));
		if (decision.kind === 'repeat') return answer(row.newest!, await authoritiesToKnow(transaction, options.now()));
		const { generation } = row.newest!;
		if (decision.void_newest) await voidCertificates(transaction, host.sandbox_id, generation, new Date(options.now()));
		await setGeneration(transaction, host.sandbox_id, generation + 1);
		await options.audit.appendIn(transaction, [
			options.audit.event({
				type: 'host.renewed',
				org_id: host.org_id,
				actor: { kind: 'host', id: host.sandbox_id },
				decision: 'allow',
				sandbox_id: host.sandbox_id,
				payload: { generation: generation + 1, key_sha256: key.id },
			}),
		]);
		return certify(options, transaction, host, key, generation + 1);
	});
	if (outcome instanceof TapPassError) throw outcome;
	return outcome;
}

/** Locks a sandbox whose identity two hosts hold, and tells the operator and every replica. */
export async function lockTwins(
	transaction: OrgTransaction,
	audit: Audit,
	{ org_id, sandbox_id }: { readonly org_id: OrgId; readonly sandbox_id: SandboxId },
	generation: number,
): Promise<void> {
	if (!(await setSandboxState(transaction, sandbox_id, 'locked', 'two hosts showed one identity'))) return;
	await tellSecurity(transaction, audit, org_id, { code: 'sandbox_locked', sandbox_id, detail: { generation } });
	await announce(transaction, { kind: 'state', org_id, sandbox_ids: [sandbox_id] });
}

async function certify(
	{ keys, now, trustDomain }: EnrolmentOptions,
	transaction: OrgTransaction,
	{ org_id, sandbox_id }: { readonly org_id: OrgId; readonly sandbox_id: SandboxId },
	key: PublicKey,
	generation: number,
): Promise<CertificateAnswer> {
	const signer = await keys.current(transaction, org_id, 'host_ca');
	if (signer.certificate === null) throw new TapPassError('key_unknown', { detail: 'the CA has no certificate' });
	const at = now();
	const issued = await issueHostCertificate({ certificate: signer.certificate, signer }, key, {
		trustDomain,
		identity: { org_id, sandbox_id },
		now: at,
		serial: randomBytes(16),
	});
	const row = {
		org_id,
		serial: issued.serial,
		sandbox_id,
		generation,
		spki_sha256: key.id,
		certificate: Buffer.from(issued.certificate),
		not_before: new Date(issued.not_before_ms),
		not_after: new Date(issued.not_after_ms),
		created_at: new Date(at),
	};
	await insertCertificate(transaction, row);
	return answer(row, await authoritiesToKnow(transaction, at));
}

// The one in use first. One that waits comes with it, so that the day it is taken into use every host knows it.
async function authoritiesToKnow(transaction: OrgTransaction, now: number): Promise<string> {
	const rows = await listAuthorities(transaction, new Date(now));
	return rows.flatMap(({ certificate, retired_at }) => (retired_at === null ? [pem(certificate)] : [])).join('');
}

function answer(
	row: { readonly certificate: Uint8Array; readonly generation: number; readonly not_after: Date },
	ca: string,
): CertificateAnswer {
	return {
		schema: 'tappass.certificate/1',
		certificate: pem(row.certificate),
		ca,
		generation: row.generation,
		expires_at: instant(row.not_after.getTime()),
	};
}

function stateOf(row: Selectable<BootstrapTable>): Parameters<typeof decideRedemption>[0] {
	return {
		created_at: row.created_at.getTime(),
		expires_at: row.expires_at.getTime(),
		used_at: row.used_at === null ? null : row.used_at.getTime(),
		used_key_sha256: row.used_key_sha256,
	};
}

function nameTaken(name: string): TapPassError {
	return new TapPassError('already_exists', {
		detail: `a sandbox named ${name}`,
		hint: `tappass-host init with another name; the URL can still be used. If ${name} is to be enrolled anew, the operator makes its URL: tappass sandbox reenroll ${name}`,
	});
}
