import { Args, type Command, type Interfaces } from '@oclif/core';
import { type Answer, printable, type Terminal } from '@tappass/cli-kit';
import { OperatorCommand } from '../../command.ts';
import { path } from '../../remote/api-client.ts';
import { connect } from '../../remote/connect.ts';
import { serverFlag } from '../../remote/settings.ts';
import { withId } from '../../remote/shapes.ts';

const args = { team: Args.string({ required: true, description: 'name or id of the team' }) };
const flags = { server: serverFlag };

/** `tappass team remove`: the end of a team. */
export default class TeamRemove extends OperatorCommand {
	static override summary = 'Remove a team and the roles it gave.';
	static override description = 'Its members lose what they could do through it at once. The last org_admin is kept.';
	static override examples: Command.Example[] = ['<%= config.bin %> <%= command.id %> eu-owners'];
	static override args: Interfaces.ArgInput = args;
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(_: Terminal): Promise<Answer> {
		const { args: given, flags: chosen } = await this.parse({ args, flags, baseFlags: OperatorCommand.baseFlags });
		const client = await connect(chosen.server);
		const done = await client.send('DELETE', path`/v1/teams/${given.team}`, withId);
		return { schema: 'tappass.team.remove/1', fields: { ...done }, text: printable(`The team ${given.team} is gone.`) };
	}
}
