import { Args, type Command, type Interfaces } from '@oclif/core';
import { type Answer, printable, type Terminal } from '@tappass/cli-kit';
import { OperatorCommand } from '../../command.ts';
import { path } from '../../remote/api-client.ts';
import { connect } from '../../remote/connect.ts';
import { removedUpstream } from '../../remote/gateway-shapes.ts';
import { serverFlag } from '../../remote/settings.ts';

const args = { name: Args.string({ required: true, description: 'name of the upstream' }) };
const flags = { server: serverFlag };

/** `tappass upstream remove`: the end of an upstream. */
export default class UpstreamRemove extends OperatorCommand {
	static override summary = 'Remove an upstream; its models are no longer served by it.';
	static override description =
		'A secret that was put in with it goes as well; one that it only named stays in the vault. Prices that were stated stay.';
	static override examples: Command.Example[] = ['<%= config.bin %> <%= command.id %> local'];
	static override args: Interfaces.ArgInput = args;
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(_: Terminal): Promise<Answer> {
		const { args: given, flags: chosen } = await this.parse({ args, flags, baseFlags: OperatorCommand.baseFlags });
		const client = await connect(chosen.server);
		const done = await client.send('DELETE', path`/v1/upstreams/${given.name}`, removedUpstream);
		return {
			schema: 'tappass.upstream.remove/1',
			fields: { ...done },
			text: printable(`Removed the upstream ${done.name}${done.secret_removed ? ' and its secret' : ''}.`),
		};
	}
}
