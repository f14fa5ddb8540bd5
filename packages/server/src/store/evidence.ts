import type { EvidenceFile } from '@tappass/audit';
import { canonicalBytes, type Json, sha256Hex, TapPassError } from '@tappass/core';
import { sql } from 'kysely';
import type { OrgTransaction } from './store.ts';

/**
 * What the control plane holds of a period, as files of an evidence pack: every root document; the statements that were in
 * force, exactly as hosts got them; what they were compiled to and why; the sources that were in force. The same period has
 * the same files, whenever it is asked for: nothing of it changes or goes away.
 */
export async function evidenceFiles(
	transaction: OrgTransaction,
	period: { readonly from: Date; readonly to: Date },
): Promise<readonly EvidenceFile[]> {
	const statements = await statementsOf(transaction, period);
	const files = [
		...(await rootFiles(transaction)),
		...statements.map(({ file, envelope }) => ({ path: file, bytes: envelope })),
		jsonLines(
			'policy/statements.jsonl',
			statements.map(({ envelope: _, ...line }) => line),
		),
		...(await compiledFiles(transaction, [...new Set(statements.map(({ compiled_sha256 }) => compiled_sha256))])),
		...(await sourceFiles(transaction, period)),
	];
	return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

interface StatementFile {
	readonly file: string;
	readonly sandbox_id: string;
	readonly epoch: number;
	readonly policy_version: number;
	readonly issued_at: string;
	readonly sha256: string;
	readonly compiled_sha256: string;
	readonly envelope: Buffer;
}

// In force: signed before the period ended, and not followed by another before it began.
async function statementsOf(
	transaction: OrgTransaction,
	{ from, to }: { readonly from: Date; readonly to: Date },
): Promise<readonly StatementFile[]> {
	const { rows } = await sql<Omit<StatementFile, 'file' | 'issued_at'> & { readonly issued_at: Date }>`
		select sandbox_id, epoch, policy_version, issued_at, sha256, compiled_sha256, envelope from (
			select *, lead(issued_at) over (partition by sandbox_id order by epoch, policy_version) as followed_at
			from policy_statements
		) s where issued_at < ${to} and (followed_at is null or followed_at >= ${from})
		order by sandbox_id, epoch, policy_version`.execute(transaction);
	return rows.map(({ issued_at, ...row }) => ({
		...row,
		epoch: Number(row.epoch),
		policy_version: Number(row.policy_version),
		file: `policy/statements/${row.sandbox_id}/${row.epoch}-${row.policy_version}.json`,
		issued_at: issued_at.toISOString(),
	}));
}

async function rootFiles(transaction: OrgTransaction): Promise<readonly EvidenceFile[]> {
	const rows = await transaction.selectFrom('roots').select(['version', 'document']).orderBy('version').execute();
	return rows.map(({ version, document }) => ({ path: `roots/${version}.json`, bytes: document }));
}

// Named by the hash that the statements' lines give: of the policy, the effective pipeline and every Because trail.
async function compiledFiles(
	transaction: OrgTransaction,
	sha256s: readonly string[],
): Promise<readonly EvidenceFile[]> {
	if (sha256s.length === 0) return [];
	const rows = await transaction
		.selectFrom('compiled_policies')
		.select(['sha256', 'compiled_policy', 'effective_pipeline', 'because'])
		.where('sha256', 'in', [...sha256s])
		.execute();
	return rows.map(({ sha256, compiled_policy, effective_pipeline, because }) => {
		const bytes = canonicalBytes([compiled_policy, effective_pipeline, because] as unknown as Json);
		if (sha256Hex(bytes) !== sha256)
			throw new TapPassError('internal', { detail: `the compiled policy ${sha256} is not what was stored` });
		return { path: `policy/compiled/${sha256}.json`, bytes };
	});
}

// Of each file at each place what was in force when the period began, and every change in it.
async function sourceFiles(
	transaction: OrgTransaction,
	{ from, to }: { readonly from: Date; readonly to: Date },
): Promise<readonly EvidenceFile[]> {
	const { rows } = await sql<{
		readonly revision: number;
		readonly level: string;
		readonly project: string;
		readonly agent: string;
		readonly file_key: string;
		readonly kind: string;
		readonly action: string;
		readonly file: string;
		readonly applied_by: string;
		readonly applied_at: Date;
		readonly content: Buffer | null;
	}>`
		select revision, level, project, agent, file_key, kind, action, file, applied_by, applied_at, content from (
			select *, lead(applied_at) over (partition by level, project, agent, file_key order by revision) as followed_at
			from policy_revisions
		) r where applied_at < ${to} and (applied_at >= ${from}
			or (content is not null and (followed_at is null or followed_at >= ${from})))
		order by revision, level, project, agent, file_key`.execute(transaction);
	const sources = new Map<string, Buffer>();
	const lines = rows.map(({ content, applied_at, ...row }) => {
		const sha256 = content === null ? null : sha256Hex(content);
		if (content !== null && sha256 !== null) sources.set(sha256, content);
		return { ...row, applied_at: applied_at.toISOString(), sha256 };
	});
	return [
		jsonLines('policy/revisions.jsonl', lines),
		// By hash, since the name is what an operator wrote.
		...[...sources].map(([sha256, bytes]) => ({ path: `policy/sources/${sha256}`, bytes })),
	];
}

function jsonLines(path: string, lines: readonly object[]): EvidenceFile {
	const newline = Buffer.from('\n');
	return { path, bytes: Buffer.concat(lines.flatMap((line) => [canonicalBytes(line as Json), newline])) };
}
