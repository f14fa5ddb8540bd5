import { type Command, Flags, type Interfaces } from '@oclif/core';
import type { Answer, Terminal } from '@tappass/cli-kit';
import { TapPassError } from '@tappass/core';
import { OperatorCommand } from '../../command.ts';
import { connect } from '../../remote/connect.ts';
import { placeName } from '../../remote/place.ts';
import { serverFlag } from '../../remote/settings.ts';
import { team } from '../../remote/shapes.ts';
import { listing, wideFlag } from '../../views/listing.ts';

const flags = {
	server: serverFlag,
	wide: wideFlag,
	team: Flags.string({ helpValue: '<name>', description: 'only members of this team, by name or id' }),
};

/** `tappass member list`: who may do what, and where. */
export default class MemberList extends OperatorCommand {
	static override summary = 'List the people in the teams you may see, and their roles.';
	static override description = 'One line for each person and team; a role holds at the place and below it.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %>',
		'<%= config.bin %> <%= command.id %> --team admins',
	];
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(terminal: Terminal): Promise<Answer> {
		const { flags: chosen } = await this.parse({ flags, baseFlags: OperatorCommand.baseFlags });
		const all = await (await connect(chosen.server)).all('/v1/teams', team);
		const teams = all.filter(({ id, name }) => chosen.team === undefined || [id, name].includes(chosen.team));
		if (chosen.team !== undefined && teams.length === 0)
			throw new TapPassError('not_found', { detail: `no team ${chosen.team}`, hint: 'tappass team list' });
		const items = teams.flatMap(({ name, project, agent, members }) =>
			members.map(({ email, role, user_id }) => ({ email, role, team: name, project, agent, user_id })),
		);
		const rows = items.map((each) => [each.email, each.role, placeName(each), each.team]);
		return {
			schema: 'tappass.member.list/1',
			fields: { items },
			text: listing(terminal, {
				heading: ['PERSON', 'ROLE', 'PLACE', 'TEAM'],
				rows,
				spare: ['TEAM', 'PLACE'],
				wide: chosen.wide,
				empty: 'Nobody is in it. tappass member add adds people.',
			}),
		};
	}
}
