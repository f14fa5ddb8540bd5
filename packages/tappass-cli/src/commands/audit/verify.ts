import { Args, type Command, Flags, type Interfaces } from '@oclif/core';
import { verifyLog, verifyPayloads } from '@tappass/audit';
import { type Answer, readBounded, startProgress, type Terminal } from '@tappass/cli-kit';
import { openLog } from '../../audit/log-reader.ts';
import { readVerifierKey } from '../../audit/verifier-key.ts';
import { OperatorCommand } from '../../command.ts';
import { limits } from '../../limits.ts';

const args = {
	log: Args.string({ required: true, description: 'address of a log, or the directory of a copy' }),
};
const flags = {
	vkey: Flags.string({
		required: true,
		helpValue: '<key|file>',
		description: "the log's verifier key, name+id+base64; get it from someone you trust, not from the log",
	}),
	witness: Flags.string({
		multiple: true,
		helpValue: '<key|file>',
		description: 'verifier key of a witness that must have cosigned; may be given several times',
	}),
	since: Flags.string({ helpValue: '<file>', description: 'a checkpoint from before: the log must continue it' }),
	'since-vkey': Flags.string({
		helpValue: '<key|file>',
		dependsOn: ['since'],
		description: "the key that signed that checkpoint, when the log's key was rotated since",
	}),
};

/** `tappass audit verify`: check a whole log, without a server and without an account. */
export default class AuditVerify extends OperatorCommand {
	static override summary = 'Verify an audit log: every entry, every tile, the signature, and what it was before.';
	static override description: string =
		'Needs the key and nothing else. Exit code 3 when something is wrong; the message names file and index. ' +
		'Keep the checkpoint: with --since the next run shows that nothing before it was changed.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %> ./export --vkey audit.eu.tappass.example/org_acme01+8f2c1a77+AbCd…',
		'<%= config.bin %> <%= command.id %> https://logs.acme.example/audit --vkey acme.vkey --since january.checkpoint',
	];
	static override args: Interfaces.ArgInput = args;
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(terminal: Terminal): Promise<Answer> {
		const { args: given, flags: chosen } = await this.parse({ args, flags, baseFlags: OperatorCommand.baseFlags });
		const key = await readVerifierKey(chosen.vkey);
		const witnesses = await Promise.all((chosen.witness ?? []).map((one) => readVerifierKey(one, 'witness')));
		const since = chosen.since === undefined ? undefined : await readBounded(chosen.since, limits.checkpointBytesMax);
		const sinceKey = chosen['since-vkey'] === undefined ? undefined : await readVerifierKey(chosen['since-vkey']);
		const reader = await openLog(given.log);
		const progress = startProgress(terminal, `verifying ${given.log}`);
		let payloads = 0;
		try {
			const verified = await verifyLog(reader, {
				key,
				witnesses,
				...(since === undefined ? {} : { since }),
				...(sinceKey === undefined ? {} : { sinceKey }),
				onProgress: (done, size) =>
					progress.update(`verifying ${given.log}: ${done} of ${size} entries (${Math.floor((done / size) * 100)} %)`),
				// Only a copy on disk carries them; a log that is served never does.
				...(/^https?:/i.test(given.log)
					? {}
					: {
							onEntries: async (first, entries) => {
								payloads += await verifyPayloads(reader, first, entries);
							},
						}),
			});
			const { origin, size, root } = verified.checkpoint;
			const fields = {
				verified: true,
				origin,
				size,
				root: Buffer.from(root).toString('base64'),
				key_id: key.id,
				witnesses: witnesses.map(({ name }) => name),
				since: verified.since ?? null,
				files: verified.files,
				payloads,
			};
			return { schema: 'tappass.audit.verify/1', fields, text: textOf(fields) };
		} finally {
			progress.stop();
		}
	}
}

function textOf(fields: {
	readonly origin: string;
	readonly size: number;
	readonly root: string;
	readonly witnesses: readonly string[];
	readonly since: number | null;
	readonly payloads: number;
}): string {
	const { origin, size, root, witnesses, since, payloads } = fields;
	return [
		`Verified: ${size} ${size === 1 ? 'entry' : 'entries'} of ${origin}`,
		`  root       ${root}`,
		...(witnesses.length === 0 ? [] : [`  cosigned   ${witnesses.join(', ')}`]),
		...(since === null ? [] : [`  continues  the checkpoint of size ${since}`]),
		...(payloads === 0 ? [] : [`  payloads   ${payloads}, each what its entry commits to`]),
	].join('\n');
}
