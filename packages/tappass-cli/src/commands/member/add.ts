import { Args, type Command, Flags, type Interfaces } from '@oclif/core';
import { type Answer, printable, type Terminal } from '@tappass/cli-kit';
import { roles } from '@tappass/core';
import { OperatorCommand } from '../../command.ts';
import { path } from '../../remote/api-client.ts';
import { connect } from '../../remote/connect.ts';
import { serverFlag } from '../../remote/settings.ts';
import { member } from '../../remote/shapes.ts';

const args = { person: Args.string({ required: true, description: 'address of the person, or a user id' }) };
const flags = {
	server: serverFlag,
	team: Flags.string({ required: true, helpValue: '<name>', description: 'name or id of the team' }),
	role: Flags.string({ required: true, options: [...roles], description: 'what the person may do there' }),
};

/** `tappass member add`: gives a person a role. */
export default class MemberAdd extends OperatorCommand {
	static override summary = 'Give a person a role in a team; a role held there before is replaced.';
	static override description =
		'Somebody who is not known yet becomes a user, and needs a key to sign in: tappass key create --user <address>.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %> grace@acme.example --team eu-owners --role project_admin',
		'<%= config.bin %> <%= command.id %> audit@acme.example --team auditors --role auditor',
	];
	static override args: Interfaces.ArgInput = args;
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(_: Terminal): Promise<Answer> {
		const { args: given, flags: chosen } = await this.parse({ args, flags, baseFlags: OperatorCommand.baseFlags });
		const client = await connect(chosen.server);
		const where = path`/v1/teams/${chosen.team}/members/${given.person}`;
		const done = await client.send('PUT', where, member, { role: chosen.role });
		return {
			schema: 'tappass.member.add/1',
			fields: { ...done },
			text: printable(`${done.email} is ${done.role} in ${chosen.team}.`),
		};
	}
}
