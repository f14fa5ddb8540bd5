import { join } from 'node:path';
import { type Command, Flags, type Interfaces } from '@oclif/core';
import { type Answer, printable, type Terminal } from '@tappass/cli-kit';
import { addFileKey } from '@tappass/server';
import { OperatorCommand } from '../../../command.ts';
import { dataFlag } from '../../../data-directory.ts';

const flags = {
	data: dataFlag,
	file: Flags.string({
		helpValue: '<file>',
		description: 'the key file (default: secrets/kms.key in the data directory)',
	}),
};

/** `tappass admin kms-key add`: a new key that wraps, before those in the key file. */
export default class KmsKeyAdd extends OperatorCommand {
	static override summary = 'Put a new key into the key file of a server, before those that are there.';
	static override description =
		'On the machine of the server, which may go on running. The old keys stay in the file, for what they have wrapped. Copy the file to every replica, then have the data keys wrapped anew: tappass admin kms-key rewrap.';
	static override examples: Command.Example[] = ['<%= config.bin %> <%= command.id %>'];
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(_terminal: Terminal): Promise<Answer> {
		const { flags: chosen } = await this.parse({ flags, baseFlags: OperatorCommand.baseFlags });
		const file = chosen.file ?? join(chosen.data, 'secrets', 'kms.key');
		const { kms_key_id, older } = await addFileKey(file);
		return {
			schema: 'tappass.admin.kms-key.add/1',
			fields: { file, kms_key_id, older: [...older] },
			text: printable(
				`${kms_key_id} is the first key of ${file}. Copy the file to every replica, then: tappass admin kms-key rewrap`,
			),
		};
	}
}
