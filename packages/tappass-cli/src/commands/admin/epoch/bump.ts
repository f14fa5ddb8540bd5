import { type Command, Flags, type Interfaces } from '@oclif/core';
import type { Answer, Terminal } from '@tappass/cli-kit';
import { TapPassError } from '@tappass/core';
import { OperatorCommand } from '../../../command.ts';
import { dataFlag } from '../../../data-directory.ts';
import { count } from '../../../diagnostics.ts';
import { connect } from '../../../remote/connect.ts';
import { withProgress } from '../../../remote/follow.ts';
import { serverFlag } from '../../../remote/settings.ts';
import { readRoot, readRootKeys, rootKeyFlags, sendRoot, signNext } from '../../../root-keys.ts';

const flags = {
	server: serverFlag,
	data: dataFlag,
	...rootKeyFlags,
	to: Flags.integer({ min: 2, helpValue: '<n>', description: 'epoch to begin (default: the next)' }),
};

/** `tappass admin epoch bump`: begins anew after a restore. */
export default class EpochBump extends OperatorCommand {
	static override summary =
		'Begin a new epoch: after the database was restored from a backup, or to void all that was issued.';
	static override description =
		'Signs the next root document here, with two of the root keys. Every sandbox is derived anew, hosts follow by themselves, and bootstrap URLs that were not redeemed are void.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %>',
		'<%= config.bin %> <%= command.id %> --root-key usb1/root-1.pem --root-key usb2/root-2.pem --passphrase-file -',
	];
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(terminal: Terminal): Promise<Answer> {
		const { flags: chosen } = await this.parse({ flags, baseFlags: OperatorCommand.baseFlags });
		const keys = await readRootKeys(chosen);
		const client = await connect(chosen.server);
		const current = await readRoot(client);
		const before = current.held.document.epoch;
		const epoch = chosen.to ?? before + 1;
		if (epoch <= before)
			throw new TapPassError('usage', { detail: `--to ${epoch}: the epoch is ${before} now, and only ever grows` });
		const { bytes, next } = await signNext(current, keys, { epoch }, Date.now());
		const fields = { version: next.document.version, epoch, sha256: next.sha256 };
		if (chosen['dry-run'])
			return {
				schema: 'tappass.admin.epoch.bump/1',
				fields: { ...fields, dry_run: true },
				text: `Epoch ${epoch} would begin with root document ${fields.version}; nothing was sent.`,
			};
		const done = await withProgress(terminal, client, `beginning epoch ${epoch}`, () => sendRoot(client, bytes));
		return {
			schema: 'tappass.admin.epoch.bump/1',
			fields: { ...fields, dry_run: false, signed: done.signed, failed: done.failed },
			text: `Epoch ${epoch} has begun with root document ${fields.version}. ${count(done.signed, 'new statement')} signed.`,
			exit: done.failed > 0 ? 1 : 0,
		};
	}
}
