import { Args, type Command, Flags, type Interfaces } from '@oclif/core';
import { type Answer, printable, type Terminal } from '@tappass/cli-kit';
import { OperatorCommand } from '../../command.ts';
import { path } from '../../remote/api-client.ts';
import { connect } from '../../remote/connect.ts';
import { serverFlag } from '../../remote/settings.ts';
import { formerMember } from '../../remote/shapes.ts';

const args = { person: Args.string({ required: true, description: 'address of the person, or a user id' }) };
const flags = {
	server: serverFlag,
	team: Flags.string({ required: true, helpValue: '<name>', description: 'name or id of the team' }),
};

/** `tappass member remove`: takes a person's role away. */
export default class MemberRemove extends OperatorCommand {
	static override summary = 'Take a person out of a team.';
	static override description =
		'Holds from the next request on, whatever tokens the person has. Keys stay valid for what other teams give: tappass key list --all.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %> grace@acme.example --team eu-owners',
	];
	static override args: Interfaces.ArgInput = args;
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(_: Terminal): Promise<Answer> {
		const { args: given, flags: chosen } = await this.parse({ args, flags, baseFlags: OperatorCommand.baseFlags });
		const client = await connect(chosen.server);
		const where = path`/v1/teams/${chosen.team}/members/${given.person}`;
		const done = await client.send('DELETE', where, formerMember);
		return {
			schema: 'tappass.member.remove/1',
			fields: { ...done },
			text: printable(`${given.person} is no longer in ${chosen.team}.`),
		};
	}
}
