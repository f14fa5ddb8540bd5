import { Args, type Command, type Interfaces } from '@oclif/core';
import { type Answer, note, printable, type Terminal } from '@tappass/cli-kit';
import { OperatorCommand } from '../../command.ts';
import { path } from '../../remote/api-client.ts';
import { connect } from '../../remote/connect.ts';
import { removedSecret } from '../../remote/gateway-shapes.ts';
import { serverFlag } from '../../remote/settings.ts';

const args = { name: Args.string({ required: true, description: 'name in the vault' }) };
const flags = { server: serverFlag };

/** `tappass secret remove`: the end of a secret. */
export default class SecretRemove extends OperatorCommand {
	static override summary = 'Take a secret out of the vault; calls that need it are refused from now on.';
	static override description =
		'Upstreams and MCP servers that use it stay, and work again once a secret of that name is put. Revoke it where it was issued as well.';
	static override examples: Command.Example[] = ['<%= config.bin %> <%= command.id %> collibra'];
	static override args: Interfaces.ArgInput = args;
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(terminal: Terminal): Promise<Answer> {
		const { args: given, flags: chosen } = await this.parse({ args, flags, baseFlags: OperatorCommand.baseFlags });
		const client = await connect(chosen.server);
		const done = await client.send('DELETE', path`/v1/secrets/${given.name}`, removedSecret);
		if (done.used_by.length > 0) note(terminal, 'warning', `calls are refused now: ${done.used_by.join(', ')}`);
		return {
			schema: 'tappass.secret.remove/1',
			fields: { ...done },
			text: printable(`Removed vault://${done.name}.`),
		};
	}
}
