import type { Command, Interfaces } from '@oclif/core';
import { type Answer, printable, type Terminal } from '@tappass/cli-kit';
import { OperatorCommand } from '../../../command.ts';
import { connect } from '../../../remote/connect.ts';
import { serverFlag } from '../../../remote/settings.ts';
import { withId } from '../../../remote/shapes.ts';

const flags = { server: serverFlag };

/** `tappass admin data-key rotate`: a new key for what is stored from now on. */
export default class DataKeyRotate extends OperatorCommand {
	static override summary = 'Seal what is stored from now on with a new data key.';
	static override description =
		'Every replica takes it into use within a minute. What was sealed before keeps the key it was sealed with, which stays wrapped by the same KMS key.';
	static override examples: Command.Example[] = ['<%= config.bin %> <%= command.id %>'];
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(_terminal: Terminal): Promise<Answer> {
		const { flags: chosen } = await this.parse({ flags, baseFlags: OperatorCommand.baseFlags });
		const { id } = await (await connect(chosen.server)).send('POST', '/v1/data-keys', withId, {});
		return {
			schema: 'tappass.admin.data-key.rotate/1',
			fields: { id },
			text: printable(`New things are sealed by data key ${id} from now on.`),
		};
	}
}
