import type { Command, Interfaces } from '@oclif/core';
import type { Answer, Terminal } from '@tappass/cli-kit';
import { OperatorCommand } from '../../command.ts';
import { connect } from '../../remote/connect.ts';
import { placeName } from '../../remote/place.ts';
import { serverFlag } from '../../remote/settings.ts';
import { team } from '../../remote/shapes.ts';
import { listing, wideFlag } from '../../views/listing.ts';

const flags = { server: serverFlag, wide: wideFlag };

/** `tappass team list`: the teams. */
export default class TeamList extends OperatorCommand {
	static override summary = 'List the teams you may see, and what they are for.';
	static override description = 'A role that a member has in a team holds at the place of the team and below it.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %>',
		'<%= config.bin %> <%= command.id %> --json',
	];
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(terminal: Terminal): Promise<Answer> {
		const { flags: chosen } = await this.parse({ flags, baseFlags: OperatorCommand.baseFlags });
		const items = await (await connect(chosen.server)).all('/v1/teams', team);
		const rows = items.map((each) => [each.name, placeName(each), String(each.members.length), each.id]);
		return {
			schema: 'tappass.team.list/1',
			fields: { items },
			text: listing(terminal, {
				heading: ['TEAM', 'PLACE', 'MEMBERS', 'ID'],
				rows,
				spare: ['ID', 'MEMBERS'],
				wide: chosen.wide,
				empty: 'There is no team that you may see.',
			}),
		};
	}
}
