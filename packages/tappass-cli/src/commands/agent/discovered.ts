import type { Command, Interfaces } from '@oclif/core';
import type { Answer, Terminal } from '@tappass/cli-kit';
import { OperatorCommand } from '../../command.ts';
import { connect } from '../../remote/connect.ts';
import { unenrolledCaller } from '../../remote/gateway-shapes.ts';
import { serverFlag } from '../../remote/settings.ts';
import { page } from '../../remote/shapes.ts';
import { listing, shortMoment, wideFlag } from '../../views/listing.ts';

const flags = { server: serverFlag, wide: wideFlag };

/** `tappass agent discovered`: callers that nobody enrolled. */
export default class AgentDiscovered extends OperatorCommand {
	static override summary = 'List callers whose token maps to no sandbox: agents that may run unenrolled.';
	static override description =
		'Their calls were refused. Enrol one with tappass agent enroll, or find out who it is by its source and user agent.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %>',
		'<%= config.bin %> <%= command.id %> --json',
	];
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(terminal: Terminal): Promise<Answer> {
		const { flags: chosen } = await this.parse({ flags, baseFlags: OperatorCommand.baseFlags });
		const { items } = await (await connect(chosen.server)).get('/v1/unenrolled-callers', page(unenrolledCaller));
		const rows = items.map((each) => [
			each.id,
			each.source,
			each.signature,
			String(each.seen),
			shortMoment(each.last_seen),
			each.user_agent ?? '-',
		]);
		const heading = ['CALLER', 'FROM', 'CALLS', 'SEEN', 'LAST', 'USER AGENT'];
		return {
			schema: 'tappass.agent.discovered/1',
			fields: { items },
			text: listing(terminal, {
				heading,
				rows,
				spare: ['USER AGENT', 'CALLS', 'LAST'],
				wide: chosen.wide,
				empty: 'Nobody has called with a token that maps to no sandbox.',
			}),
		};
	}
}
