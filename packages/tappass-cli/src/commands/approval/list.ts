import { type Command, Flags, type Interfaces } from '@oclif/core';
import type { Answer, Terminal } from '@tappass/cli-kit';
import { OperatorCommand } from '../../command.ts';
import { connect } from '../../remote/connect.ts';
import { approval } from '../../remote/gateway-shapes.ts';
import { serverFlag } from '../../remote/settings.ts';
import { listing, shortMoment, wideFlag } from '../../views/listing.ts';

const flags = {
	server: serverFlag,
	wide: wideFlag,
	state: Flags.string({
		options: ['pending', 'granted', 'denied', 'used', 'expired', 'all'],
		default: 'pending',
		description: 'only those in this state',
	}),
};

/** `tappass approval list`: calls that wait for people. */
export default class ApprovalList extends OperatorCommand {
	static override summary = 'List calls that wait for a person.';
	static override description =
		'Without their arguments, which tappass approval show opens. What a trust level alone asks for may also be decided by another agent of the project that is trusted to collaborate; it stands here as agent:project/name.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %>',
		'<%= config.bin %> <%= command.id %> --state all --json',
	];
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(terminal: Terminal): Promise<Answer> {
		const { flags: chosen } = await this.parse({ flags, baseFlags: OperatorCommand.baseFlags });
		const client = await connect(chosen.server);
		const state = chosen.state === 'all' ? undefined : chosen.state;
		const items = [...(await client.all('/v1/approvals', approval, { state }))].sort((a, b) =>
			a.created_at < b.created_at ? -1 : 1,
		);
		const rows = items.map((each) => [
			each.ticket,
			each.tool,
			`${each.project}/${each.agent}`,
			each.state,
			`${each.approved_by.length} of ${each.approvers}`,
			each.approval_id,
			shortMoment(each.expires_at),
		]);
		const heading = ['TICKET', 'TOOL', 'PLACE', 'STATE', 'APPROVED', 'RULE', 'EXPIRES'];
		return {
			schema: 'tappass.approval.list/1',
			fields: { items },
			text: listing(terminal, {
				heading,
				rows,
				spare: ['EXPIRES', 'RULE', 'STATE', 'APPROVED', 'PLACE'],
				wide: chosen.wide,
				empty: state === 'pending' ? 'No call waits for a person.' : 'There is no such call.',
			}),
		};
	}
}
