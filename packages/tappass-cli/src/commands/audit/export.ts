import { resolve } from 'node:path';
import { type Command, Flags, type Interfaces } from '@oclif/core';
import { exportLog, type LogFile, type Opened, parseVkey, vkeyText } from '@tappass/audit';
import { type Answer, note, startProgress, type Terminal } from '@tappass/cli-kit';
import { TapPassError } from '@tappass/core';
import { decodeBase64 } from '@tappass/trust';
import { z } from 'zod';
import { entryPage, logView } from '../../audit/entries.ts';
import { openExportDirectory } from '../../audit/export-directory.ts';
import { readVerifierKey } from '../../audit/verifier-key.ts';
import { OperatorCommand } from '../../command.ts';
import { exportEvidence } from '../../evidence/export-evidence.ts';
import { frameworks } from '../../evidence/frameworks.ts';
import { type ApiClient, path } from '../../remote/api-client.ts';
import { connect } from '../../remote/connect.ts';
import { serverFlag } from '../../remote/settings.ts';
import { shellWord } from '../../shell-word.ts';

const flags = {
	server: serverFlag,
	output: Flags.string({
		char: 'o',
		required: true,
		helpValue: '<dir>',
		description: 'an empty directory, or an earlier export, which the log must continue; of evidence: a new file',
	}),
	vkey: Flags.string({ helpValue: '<key|file>', description: 'the verifier key, when you have it from elsewhere' }),
	payloads: Flags.boolean({ description: 'also what entries stand for, in clear; each one read is recorded' }),
	proof: Flags.string({
		multiple: true,
		helpValue: '<index>',
		description: 'write the proof of an entry as a file of its own; may be given several times',
	}),
	evidence: Flags.boolean({
		helpGroup: 'EVIDENCE',
		exclusive: ['payloads', 'proof'],
		dependsOn: ['framework', 'from', 'to'],
		description: 'a signed pack for an auditor instead: entries, proofs, policies in force, clauses, how to verify it',
	}),
	framework: Flags.string({
		helpGroup: 'EVIDENCE',
		dependsOn: ['evidence'],
		options: frameworks.map(({ id }) => id),
		description: 'whose clauses it is laid out for',
	}),
	from: Flags.string({
		helpGroup: 'EVIDENCE',
		dependsOn: ['evidence'],
		helpValue: '<when>',
		description: 'beginning of the period: 2026-05-01, 2026-05-01T10:00:00Z, or how long ago, 30d',
	}),
	to: Flags.string({
		helpGroup: 'EVIDENCE',
		dependsOn: ['evidence'],
		helpValue: '<when>',
		description: 'its end, not included; a checkpoint must have been signed since',
	}),
	since: Flags.string({
		helpGroup: 'EVIDENCE',
		dependsOn: ['evidence'],
		helpValue: '<file>',
		description: 'a checkpoint from before: the pack proves that the log continues it',
	}),
	'since-vkey': Flags.string({
		helpGroup: 'EVIDENCE',
		dependsOn: ['since'],
		helpValue: '<key|file>',
		description: "the key that signed that checkpoint, when the log's key was rotated since",
	}),
	tsa: Flags.string({
		helpGroup: 'EVIDENCE',
		dependsOn: ['evidence'],
		env: 'TAPPASS_TSA',
		helpValue: '<url>',
		description: 'time stamping authority (RFC 3161) that stamps the signature; it sees a hash only',
	}),
};

const payload: z.ZodType<{ readonly index: number; readonly opening: string }> = z.looseObject({
	index: z.int(),
	opening: z.string(),
});

/** `tappass audit export`: a verified copy of the log. */
export default class AuditExport extends OperatorCommand {
	static override summary = 'Copy the audit log into a directory, verifying all of it on the way.';
	static override description: string =
		'The copy is the log itself, in files that tappass audit verify and any tlog client can check without a server. ' +
		'Its checkpoint is written last: a copy that was interrupted is none. With --evidence it is a pack of a period that ' +
		'an auditor verifies with third-party programs alone; the same period makes the same bytes, but for a time stamp.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %> -o ./audit-2026-05',
		'<%= config.bin %> <%= command.id %> -o ./evidence --vkey acme.vkey --payloads --proof 17',
		'<%= config.bin %> <%= command.id %> --evidence --framework eu-ai-act --from 2026-04-01 --to 2026-07-01 -o q2.tar',
	];
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(terminal: Terminal): Promise<Answer> {
		const { flags: chosen } = await this.parse({ flags, baseFlags: OperatorCommand.baseFlags });
		if (chosen.evidence) return exportEvidence(terminal, { ...chosen, framework: chosen.framework! });
		const proofs = (chosen.proof ?? []).map(indexOf);
		const directory = resolve(chosen.output);
		const target = await openExportDirectory(directory);
		const client = await connect(chosen.server);
		const log = await client.get('/v1/audit/log', logView);
		if (log.vkey === null) throw new TapPassError('not_found', { detail: 'the log has no entries yet' });
		const key = chosen.vkey === undefined ? parseVkey(log.vkey) : await readVerifierKey(chosen.vkey);
		if (chosen.vkey === undefined)
			note(terminal, 'note', 'the key is what the server says it is; --vkey compares with one you have from elsewhere');
		const progress = startProgress(terminal, `exporting ${key.name}`);
		let files = 0;
		let payloads = 0;
		const write = async (file: LogFile): Promise<void> => {
			await target.write(file);
			files += 1;
		};
		const openings = async (first: number, end: number): Promise<readonly Opened[]> => {
			const opened = await readPayloads(client, first, end);
			payloads += opened.length;
			return opened;
		};
		try {
			const source = { read: (file: string) => client.file(`${log.url}/${file}`) };
			const size = await exportLog(
				source,
				{
					key,
					since: target.checkpoint,
					proofs,
					...(chosen.payloads ? { payloads: openings } : {}),
					onProgress: (done, all) => progress.update(`exporting ${key.name}: ${done} of ${all} entries`),
				},
				write,
			);
			return {
				schema: 'tappass.audit.export/1',
				// The key that it was verified with, which is not for the server to say when it was given.
				fields: { directory, origin: key.name, size, files, payloads, proofs, vkey: vkeyText(key) },
				text: [
					`Exported ${size} entries of ${key.name} to ${directory}, verified.`,
					...(payloads === 0 ? [] : [`  ${payloads} payloads, in clear`]),
					`  check it anywhere: tappass audit verify ${shellWord(chosen.output)} --vkey ${shellWord(vkeyText(key))}`,
				].join('\n'),
			};
		} finally {
			progress.stop();
		}
	}
}

function indexOf(text: string): number {
	if (/^(?:0|[1-9]\d{0,14})$/.test(text)) return Number(text);
	throw new TapPassError('usage', { detail: `--proof ${text}: expected the index of an entry` });
}

async function readPayloads(client: ApiClient, first: number, end: number): Promise<readonly Opened[]> {
	const { items } = await client.get('/v1/audit/events', entryPage, {
		order: 'asc',
		...(first === 0 ? {} : { cursor: first - 1 }),
		limit: end - first,
	});
	const opened: Opened[] = [];
	for (const { index, event_id, has_payload } of items) {
		if (!has_payload || index >= end) continue;
		const { opening } = await client.get(path`/v1/audit/events/${event_id}/payload`, payload);
		const bytes = decodeBase64(opening);
		if (bytes === undefined) throw new TapPassError('server_unexpected', { detail: `the payload of ${event_id}` });
		opened.push({ index, opening: bytes });
	}
	return opened;
}
