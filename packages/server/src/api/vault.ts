import { type OrgId, TapPassError } from '@tappass/core';
import { sql } from 'kysely';
import { z } from 'zod';
import { assertMay, orgScope, type Principal } from '../access/may.ts';
import { announce } from '../events/notices.ts';
import { sealText } from '../gateway-store/sealed.ts';
import type { OrgTransaction } from '../store/store.ts';
import type { Services } from './services.ts';

/** Name of a secret. */
export const secretName: z.ZodString = z
	.string()
	.regex(/^[A-Za-z0-9_.-]{1,64}$/, { error: 'expected 1 to 64 letters, digits, _, . or -' });
/** A secret as it is given, once. A line end at its end belongs to the file it came from. */
export const secretValue: z.ZodString = z
	.string()
	.min(1)
	.max(16_384)
	.regex(/\S/, { error: 'expected more than white space' });

/** A reference to a secret. */
export const secretReference: z.ZodType<string> = z
	.string()
	.regex(/^vault:\/\/[A-Za-z0-9_.-]{1,64}$/, { error: 'expected vault:// and the name of a secret' });

/** The name in `vault://name` or `bearer:vault://name`. */
export function secretOf(reference: string): string {
	return reference.slice(reference.indexOf('vault://') + 'vault://'.length);
}

interface Who {
	readonly transaction: OrgTransaction;
	readonly services: Services;
	readonly org_id: OrgId;
	readonly now: Date;
	readonly by: string;
}

/** Seals a secret and puts it into the vault, in place of an older one of its name. @returns whether there was one */
export async function putSecret(
	{ transaction, services, org_id, now, by }: Who,
	name: string,
	value: string,
): Promise<boolean> {
	const before = await transaction.selectFrom('secrets').select('name').where('name', '=', name).executeTakeFirst();
	const sealed = await sealText(transaction, services.keys, org_id, value, `secret ${name}`);
	const row = { ...sealed, created_by: by, created_at: now };
	await transaction
		.insertInto('secrets')
		.values({ org_id, name, ...row })
		.onConflict((conflict) => conflict.columns(['org_id', 'name']).doUpdateSet(row))
		.execute();
	await secretChanged(transaction, org_id, name, now);
	return before !== undefined;
}

/** Takes a secret out of the vault. @returns whether there was one */
export async function removeSecret(
	transaction: OrgTransaction,
	org_id: OrgId,
	name: string,
	now: Date,
): Promise<boolean> {
	const gone = await transaction.deleteFrom('secrets').where('name', '=', name).returning('name').execute();
	await secretChanged(transaction, org_id, name, now);
	return gone.length > 0;
}

/**
 * That a secret is there, and that who names it may have it sent to an address of their choice.
 * @throws {TapPassError} forbidden; not_found: an entry that names no secret would refuse every call
 */
export async function assertSecret(principal: Principal, transaction: OrgTransaction, name: string): Promise<void> {
	assertMay(principal, 'secret.manage', orgScope);
	const found = await transaction.selectFrom('secrets').select('name').where('name', '=', name).executeTakeFirst();
	if (found === undefined)
		throw new TapPassError('not_found', {
			detail: `no secret ${JSON.stringify(name)} in the vault`,
			hint: `tappass secret put ${name}`,
		});
}

/** What uses each secret: upstreams and MCP servers, as `upstream x` and `mcp y`. Read once, however many are asked of. */
export async function usersOfSecrets(transaction: OrgTransaction): Promise<(name: string) => readonly string[]> {
	const upstreams = await transaction.selectFrom('upstreams').select(['name', 'secret']).execute();
	const servers = await transaction.selectFrom('mcp_servers').select(['name', 'credentials']).execute();
	return (name) =>
		[
			...upstreams.filter(({ secret }) => secret === name).map((each) => `upstream ${each.name}`),
			...servers.filter((each) => isUsedBy(each, name)).map((each) => `mcp ${each.name}`),
		].sort();
}

/** The revision of a server's entry that was changed now: above every one before, also of an entry that was removed. */
export function nextRevision(now: Date): ReturnType<typeof sql<number>> {
	return sql<number>`greatest(mcp_servers.revision + 1, ${now.getTime()})`;
}

// A connection that was made with the old secret would live on: a new revision closes it.
async function secretChanged(transaction: OrgTransaction, org_id: OrgId, name: string, now: Date): Promise<void> {
	const servers = await serversWith(transaction, name);
	if (servers.length > 0)
		await transaction
			.updateTable('mcp_servers')
			.set({ revision: nextRevision(now) })
			.where('name', 'in', servers)
			.execute();
	await announce(transaction, { kind: 'registry', org_id, sandbox_ids: [] });
}

async function serversWith(transaction: OrgTransaction, secret: string): Promise<string[]> {
	const rows = await transaction.selectFrom('mcp_servers').select(['name', 'credentials']).execute();
	return rows.filter((row) => isUsedBy(row, secret)).map(({ name }) => name);
}

function isUsedBy(
	{ credentials }: { readonly credentials: Readonly<Record<string, string>> },
	secret: string,
): boolean {
	return Object.values(credentials).some((reference) => secretOf(reference) === secret);
}
