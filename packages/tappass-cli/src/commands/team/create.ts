import { Args, type Command, Flags, type Interfaces } from '@oclif/core';
import { type Answer, printable, type Terminal } from '@tappass/cli-kit';
import { OperatorCommand } from '../../command.ts';
import { connect } from '../../remote/connect.ts';
import { placeName } from '../../remote/place.ts';
import { serverFlag } from '../../remote/settings.ts';
import { createdTeam } from '../../remote/shapes.ts';

const args = { name: Args.string({ required: true, description: 'name of the team, unique in the org' }) };
const flags = {
	server: serverFlag,
	project: Flags.string({ helpValue: '<name>', description: 'a team of one project (default: of the whole org)' }),
	agent: Flags.string({ helpValue: '<name>', dependsOn: ['project'], description: 'of one agent of the project' }),
};

/** `tappass team create`: a new team. */
export default class TeamCreate extends OperatorCommand {
	static override summary = 'Make a team for the whole org, a project or one agent.';
	static override description = 'It has no members yet: tappass member add gives people a role in it.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %> auditors',
		'<%= config.bin %> <%= command.id %> eu-owners --project eu-team',
	];
	static override args: Interfaces.ArgInput = args;
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(_: Terminal): Promise<Answer> {
		const { args: given, flags: chosen } = await this.parse({ args, flags, baseFlags: OperatorCommand.baseFlags });
		const place = { project: chosen.project ?? null, agent: chosen.agent ?? null };
		const client = await connect(chosen.server);
		const made = await client.send('POST', '/v1/teams', createdTeam, {
			name: given.name,
			...place,
		});
		return {
			schema: 'tappass.team.create/1',
			fields: { ...made },
			text: printable(`The team ${made.name} is for ${placeName(place)}.`),
		};
	}
}
