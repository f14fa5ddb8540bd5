import { resolve } from 'node:path';
import { parseVkey, vkeyText } from '@tappass/audit';
import { type Answer, note, readBounded, startProgress, type Terminal, writeFileAtomic } from '@tappass/cli-kit';
import { TapPassError } from '@tappass/core';
import { logView, momentOf } from '../audit/entries.ts';
import { readVerifierKey } from '../audit/verifier-key.ts';
import { readLibrary } from '../compile-request.ts';
import { limits } from '../limits.ts';
import { refuseExisting } from '../new-file.ts';
import { connect } from '../remote/connect.ts';
import { evidencePack } from './evidence-pack.ts';
import { frameworks } from './frameworks.ts';
import { parseAuthority } from './time-stamp.ts';

/** What was asked for on the command line. */
export interface EvidenceRequest {
	readonly server?: string | undefined;
	readonly output: string;
	readonly vkey?: string | undefined;
	readonly framework: string;
	readonly from?: string | undefined;
	readonly to?: string | undefined;
	readonly since?: string | undefined;
	readonly 'since-vkey'?: string | undefined;
	readonly tsa?: string | undefined;
}

/** `tappass audit export --evidence`: writes the pack and says how to hand it on. */
export async function exportEvidence(terminal: Terminal, asked: EvidenceRequest): Promise<Answer> {
	const file = resolve(asked.output);
	refuseExisting(file, 'evidence is not written over');
	const now = Date.now();
	const from = momentOf(asked.from ?? '', '--from', now);
	const to = momentOf(asked.to ?? '', '--to', now);
	if (Date.parse(from) >= Date.parse(to))
		throw new TapPassError('usage', { detail: `--from ${asked.from} is not before --to ${asked.to}` });
	const tsa = asked.tsa === undefined ? undefined : parseAuthority(asked.tsa);
	const framework = frameworks.find(({ id }) => id === asked.framework)!;
	const older = asked.since === undefined ? undefined : await readBounded(asked.since, limits.checkpointBytesMax);
	const olderKey = asked['since-vkey'] === undefined ? undefined : await readVerifierKey(asked['since-vkey']);
	const client = await connect(asked.server);
	const log = await client.get('/v1/audit/log', logView);
	if (log.vkey === null) throw new TapPassError('not_found', { detail: 'the log has no entries yet' });
	let vkey = log.vkey;
	let key = asked.vkey === undefined ? parseVkey(vkey) : await readVerifierKey(asked.vkey);
	const progress = startProgress(terminal, 'making the pack');
	try {
		const library = await readLibrary(undefined);
		const make = () =>
			evidencePack(client, {
				framework,
				from,
				to,
				key,
				logUrl: log.url,
				older,
				olderKey,
				tsa,
				library,
				onProgress: (text) => progress.update(text),
			});
		const pack = await make().catch(async (error: unknown) => {
			if (!(error instanceof TapPassError) || error.code !== 'checkpoint_invalid' || asked.vkey !== undefined)
				throw error;
			// A rotation in between: the server named the one key, and what it signed since is by the other.
			const again = await client.get('/v1/audit/log', logView);
			if (again.vkey === null || again.vkey === vkey) throw error;
			vkey = again.vkey;
			key = parseVkey(vkey);
			return make();
		});
		await writeFileAtomic(file, pack.bytes, { mode: 0o600 });
		const { bytes, clauses, ...counts } = pack;
		const seen = clauses.clauses.filter((clause) => clause.seen).length;
		if (asked.vkey === undefined)
			note(
				terminal,
				'note',
				'the key is what the server says it is; give it to the auditor by another way than the pack',
			);
		return {
			schema: 'tappass.audit.evidence/1',
			fields: {
				file,
				framework: framework.id,
				from,
				to,
				origin: key.name,
				vkey: vkeyText(key),
				bytes: bytes.length,
				...counts,
				clauses: clauses.clauses.length,
				clauses_seen: seen,
				time_stamped: tsa !== undefined,
			},
			text: [
				`Wrote ${file}: ${pack.entries} entries of ${key.name}, each proven, and ${pack.statements} policy statements.`,
				`  ${clauses.title}: of ${clauses.clauses.length} clauses a rule of ${seen} was in force or left entries`,
				`  an auditor unpacks it, reads VERIFY.md, and needs the key: ${vkeyText(key)}`,
			].join('\n'),
		};
	} finally {
		progress.stop();
	}
}
