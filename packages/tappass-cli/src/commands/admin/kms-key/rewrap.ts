import type { Command, Interfaces } from '@oclif/core';
import { type Answer, printable, type Terminal } from '@tappass/cli-kit';
import { OperatorCommand } from '../../../command.ts';
import { count } from '../../../diagnostics.ts';
import { connect } from '../../../remote/connect.ts';
import { serverFlag } from '../../../remote/settings.ts';
import { rewrapped } from '../../../remote/shapes.ts';

const flags = { server: serverFlag };

/** `tappass admin kms-key rewrap`: every data key wrapped by the first key of the key file. */
export default class KmsKeyRewrap extends OperatorCommand {
	static override summary = 'Have every data key of the org wrapped by the newest key of the key file.';
	static override description =
		'What the data keys have sealed stays as it is. A replica whose key file lacks the newest key cannot open them any more: copy the file to every replica first.';
	static override examples: Command.Example[] = ['<%= config.bin %> <%= command.id %>'];
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(_terminal: Terminal): Promise<Answer> {
		const { flags: chosen } = await this.parse({ flags, baseFlags: OperatorCommand.baseFlags });
		const done = await (await connect(chosen.server)).send('POST', '/v1/data-keys/rewrap', rewrapped, {});
		return {
			schema: 'tappass.admin.kms-key.rewrap/1',
			fields: { ...done },
			text: printable(
				`${count(done.data_keys, 'data key')} wrapped by ${done.kms_key_id}, ${done.rewrapped} of them anew. Make a new backup: older ones need the keys before it, and nothing else does.`,
			),
		};
	}
}
