import { type Command, Flags, type Interfaces } from '@oclif/core';
import type { Answer, Terminal } from '@tappass/cli-kit';
import { OperatorCommand } from '../../../command.ts';
import { connect } from '../../../remote/connect.ts';
import { discoveredTool } from '../../../remote/gateway-shapes.ts';
import { serverFlag } from '../../../remote/settings.ts';
import { page } from '../../../remote/shapes.ts';
import { listing, shortMoment, wideFlag } from '../../../views/listing.ts';

const flags = {
	server: serverFlag,
	wide: wideFlag,
	state: Flags.string({
		options: ['open', 'approved', 'denied', 'all'],
		default: 'open',
		description: 'only those in this state',
	}),
};

/** `tappass catalog discovered list`: the review queue. */
export default class DiscoveredList extends OperatorCommand {
	static override summary = 'List tools that were seen and are not known, and definitions that changed.';
	static override description =
		'Their calls are denied until somebody approves them. A changed definition is shown against the one that was agreed to by tappass catalog discovered show.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %>',
		'<%= config.bin %> <%= command.id %> --state all --json',
	];
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(terminal: Terminal): Promise<Answer> {
		const { flags: chosen } = await this.parse({ flags, baseFlags: OperatorCommand.baseFlags });
		const client = await connect(chosen.server);
		const state = chosen.state === 'all' ? undefined : chosen.state;
		const { items } = await client.get('/v1/discovered-tools', page(discoveredTool), { state });
		const rows = items.map((each) => [
			each.tool,
			each.kind,
			each.state,
			String(each.seen),
			shortMoment(each.last_seen),
			each.definition_sha256.slice(0, 12) || '-',
			each.description.slice(0, 60),
		]);
		const heading = ['TOOL', 'KIND', 'STATE', 'SEEN', 'LAST', 'DEFINITION', 'DESCRIPTION'];
		return {
			schema: 'tappass.catalog.discovered.list/1',
			fields: { items },
			text: listing(terminal, {
				heading,
				rows,
				spare: ['DESCRIPTION', 'DEFINITION', 'LAST', 'SEEN'],
				wide: chosen.wide,
				empty:
					state === 'open'
						? 'No tool waits for a review. tappass mcp test <server> looks at what a server offers.'
						: 'There is no such tool.',
			}),
		};
	}
}
