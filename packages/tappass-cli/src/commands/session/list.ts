import { type Command, Flags, type Interfaces } from '@oclif/core';
import type { Answer, Terminal } from '@tappass/cli-kit';
import { OperatorCommand } from '../../command.ts';
import { connect } from '../../remote/connect.ts';
import { session } from '../../remote/gateway-shapes.ts';
import { serverFlag } from '../../remote/settings.ts';
import { listing, shortMoment, wideFlag } from '../../views/listing.ts';

const flags = {
	server: serverFlag,
	wide: wideFlag,
	state: Flags.string({ options: ['open', 'closed', 'killed'], description: 'only those in this state' }),
};

/** `tappass session list`: launches of sandboxes. */
export default class SessionList extends OperatorCommand {
	static override summary = 'List sessions, and what each has used.';
	static override description =
		'A session begins when a host launches its sandbox; the agent has no say in it. One that was killed goes on when you resume it.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %>',
		'<%= config.bin %> <%= command.id %> --state killed',
	];
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(terminal: Terminal): Promise<Answer> {
		const { flags: chosen } = await this.parse({ flags, baseFlags: OperatorCommand.baseFlags });
		const items = await (await connect(chosen.server)).all('/v1/sessions', session, { state: chosen.state });
		const rows = [...items]
			.sort((a, b) => (a.opened_at < b.opened_at ? 1 : -1))
			.map((each) => [
				each.id,
				each.sandbox ?? each.sandbox_id,
				`${each.project}/${each.agent}`,
				each.state,
				String(each.calls),
				String(each.tool_calls),
				String(each.tokens),
				each.dollars.toFixed(4),
				shortMoment(each.opened_at),
				each.killed_reason ?? '',
			]);
		const heading = [
			'SESSION',
			'SANDBOX',
			'PLACE',
			'STATE',
			'CALLS',
			'TOOLS',
			'TOKENS',
			'DOLLARS',
			'OPENED',
			'WHY KILLED',
		];
		return {
			schema: 'tappass.session.list/1',
			fields: { items },
			text: listing(terminal, {
				heading,
				rows,
				spare: ['TOKENS', 'TOOLS', 'OPENED', 'PLACE', 'WHY KILLED', 'DOLLARS', 'CALLS'],
				wide: chosen.wide,
				empty:
					chosen.state === undefined
						? 'There was no session yet: one begins when a host launches its sandbox, tappass-host start.'
						: `No session is ${chosen.state}.`,
			}),
		};
	}
}
