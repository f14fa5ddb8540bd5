import { randomBytes } from 'node:crypto';
import { access, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { instant, type OrgId, sha256Hex, TapPassError, type TeamId } from '@tappass/core';
import { composeRoot, documentBytes, generateSigner, signRoot } from '@tappass/signing';
import { pinRoot } from '@tappass/trust';
import { sql } from 'kysely';
import type { Audit } from '../audit-store/append.ts';
import { createAuthority } from '../ca/authority.ts';
import { makeApiKey } from '../identity/api-key.ts';
import { serverLimits } from '../limits.ts';
import { newId } from '../store/ids.ts';
import { insertRoot, setCertificate } from '../store/keys.ts';
import { ensureUser, insertApiKey, insertTeam, putMember } from '../store/people.ts';
import type { Store } from '../store/store.ts';
import type { OrgKeys } from './org-keys.ts';
import { writeSecret } from './secret-file.ts';

export interface OrgTerms {
	/** Name of the org, as policies see it in `input.org`. */
	readonly name: string;
	readonly region: string;
	/** Address of the first operator. */
	readonly email: string;
	/** The server's data directory: root keys go to `root-keys/`, the credential to `credentials/`. */
	readonly directory: string;
	/** Unix milliseconds. */
	readonly now: number;
}

/** What the first start made, and where the operator finds it. */
export interface CreatedOrg {
	readonly org_id: OrgId;
	/** A 0600 file with the first API key. */
	readonly credential_file: string;
	readonly root_key_files: readonly string[];
	/** The passphrase of the root keys, in a file of its own. */
	readonly passphrase_file: string;
	/** What to do now; one line each. */
	readonly advice: readonly string[];
}

const rootYears = 5;

/**
 * Makes the org of a new database: keys, CA, root document and the first operator. Replicas that start together make one;
 * the others, and every later start, get null.
 */
export async function createFirstOrg(
	store: Store,
	keys: OrgKeys,
	audit: Audit,
	terms: OrgTerms,
): Promise<CreatedOrg | null> {
	if ((await store.orgIds()).length > 0) return null;
	const org_id = newId('org') as OrgId;
	const now = new Date(terms.now);
	return store.withOrg(org_id, async (transaction) => {
		await sql`select pg_advisory_xact_lock(hashtext('tappass first org'))`.execute(transaction);
		const { rows } = await sql`select tp_org_ids()`.execute(transaction);
		if (rows.length > 0) return null;
		await transaction.insertInto('orgs').values({ org_id, name: terms.name, region: terms.region }).execute();
		const signers = await keys.create(transaction, org_id);
		const issued = { now: terms.now, serial: randomBytes(16) };
		const { certificate } = await createAuthority(org_id, signers.host_ca, issued);
		await setCertificate(transaction, signers.host_ca.id, certificate);

		const roots = [1, 2, 3].map(() => generateSigner('ed25519'));
		const expires = new Date(now);
		expires.setUTCFullYear(now.getUTCFullYear() + rootYears);
		const root = composeRoot(
			{
				org_id,
				version: 1,
				epoch: 1,
				issued_at: instant(terms.now),
				expires_at: instant(expires.getTime()),
				host_ca_spki_sha256: sha256Hex(signers.host_ca.spki),
			},
			{ root: roots, policy: signers.policy, freshness: signers.freshness, token: signers.token, audit: signers.audit },
		);
		const document = documentBytes(await signRoot(root, roots.slice(0, 2)));
		await insertRoot(transaction, { org_id, version: 1, epoch: 1, document, sha256: pinRoot(document).sha256 });

		const user = await ensureUser(transaction, org_id, terms.email, newId('user'));
		const team_id = newId('team') as TeamId;
		await insertTeam(transaction, { org_id, id: team_id, name: 'admins', project: null, agent: null });
		await putMember(transaction, { org_id, team_id, user_id: user.id, role: 'org_admin' });
		const key = makeApiKey(org_id, randomBytes(32));
		const expires_at = new Date(terms.now + serverLimits.apiKeyDaysMax * 86_400_000);
		const row = { org_id, id: newId('key'), user_id: user.id, name: 'first operator', scopes: ['*'], expires_at };
		await insertApiKey(transaction, { ...row, hash: key.hash, ending: key.ending }, now);

		const by = { org_id, actor: { kind: 'server', id: 'first start' }, decision: 'none' } as const;
		const keyIds = Object.fromEntries(Object.entries(signers).map(([role, signer]) => [role, signer.id]));
		await audit.appendIn(transaction, [
			audit.event({ ...by, type: 'org.created', payload: { name: terms.name, region: terms.region } }),
			audit.event({ ...by, type: 'root.accepted', payload: { version: 1, epoch: 1, keys: keyIds } }),
			audit.event({ ...by, type: 'member.put', payload: { team_id, user_id: user.id, role: 'org_admin' } }),
			audit.event({ ...by, type: 'key.created', payload: { id: row.id, user_id: user.id, scopes: ['*'] } }),
		]);

		// Files last, still inside the transaction: when one cannot be written there is no org either.
		return writeFiles(org_id, terms.directory, key.text, roots);
	});
}

async function writeFiles(
	org_id: OrgId,
	directory: string,
	key: string,
	roots: readonly { readonly toPem: (passphrase?: string) => string }[],
): Promise<CreatedOrg> {
	const folder = path.join(directory, 'root-keys');
	const credential_file = path.join(directory, 'credentials', 'operator.key');
	const passphrase_file = path.join(folder, 'passphrase');
	const root_key_files = roots.map((_, at) => path.join(folder, `root-${at + 1}.pem`));
	await mkdir(folder, { recursive: true, mode: 0o700 });
	for (const file of [...root_key_files, passphrase_file]) await refuseExisting(file);
	const passphrase = randomBytes(24).toString('base64url');
	for (const [at, file] of root_key_files.entries()) await writeSecret(file, roots[at]!.toPem(passphrase));
	await writeSecret(passphrase_file, `${passphrase}\n`);
	await writeSecret(credential_file, `${key}\n`);
	const advice = [
		`first operator's key: ${credential_file} (tappass login on this machine signs in with it)`,
		`root keys: ${folder} (three files, any two can replace every other key; the server runs without them)`,
		`move each root key and ${passphrase_file} to a different safe place that is not this machine`,
	];
	return { org_id, credential_file, root_key_files, passphrase_file, advice };
}

// Root keys of another database must not be lost because a server was pointed at their directory.
async function refuseExisting(file: string): Promise<void> {
	const there = await access(file).then(
		() => true,
		() => false,
	);
	if (there)
		throw new TapPassError('already_exists', {
			detail: `${file} belongs to an org that this database does not have`,
			hint: 'move it away, or give the server another data directory',
		});
}
