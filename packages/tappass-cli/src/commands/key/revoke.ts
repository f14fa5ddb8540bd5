import { Args, type Command, type Interfaces } from '@oclif/core';
import { type Answer, printable, type Terminal } from '@tappass/cli-kit';
import { OperatorCommand } from '../../command.ts';
import { path } from '../../remote/api-client.ts';
import { connect } from '../../remote/connect.ts';
import { serverFlag } from '../../remote/settings.ts';
import { withId } from '../../remote/shapes.ts';

const args = { key: Args.string({ required: true, description: 'id of the key, as key list prints it' }) };
const flags = { server: serverFlag };

/** `tappass key revoke`: the end of an API key. */
export default class KeyRevoke extends OperatorCommand {
	static override summary = 'Revoke an API key; it and its tokens end at once.';
	static override description = 'Your own, or as an org admin anybody’s. tappass whoami names the key you use now.';
	static override examples: Command.Example[] = ['<%= config.bin %> <%= command.id %> key_4h7q2m'];
	static override args: Interfaces.ArgInput = args;
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(_: Terminal): Promise<Answer> {
		const { args: given, flags: chosen } = await this.parse({ args, flags, baseFlags: OperatorCommand.baseFlags });
		const client = await connect(chosen.server);
		const done = await client.send('DELETE', path`/v1/keys/${given.key}`, withId);
		return { schema: 'tappass.key.revoke/1', fields: { ...done }, text: printable(`The key ${done.id} is revoked.`) };
	}
}
