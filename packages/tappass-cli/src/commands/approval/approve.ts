import { Args, type Command, Flags, type Interfaces } from '@oclif/core';
import { type Answer, printable, type Terminal } from '@tappass/cli-kit';
import { OperatorCommand } from '../../command.ts';
import { path } from '../../remote/api-client.ts';
import { connect } from '../../remote/connect.ts';
import { decidedApproval } from '../../remote/gateway-shapes.ts';
import { serverFlag } from '../../remote/settings.ts';

const args = { ticket: Args.string({ required: true, description: 'ticket of the call, as approval list prints it' }) };
const flags = {
	server: serverFlag,
	'args-sha256': Flags.string({ helpValue: '<hex>', description: 'refuse unless the arguments have this hash' }),
};

/** `tappass approval approve`: a person’s yes. */
export default class ApprovalApprove extends OperatorCommand {
	static override summary = 'Approve exactly this call, once.';
	static override description =
		'Look first: tappass approval show. Where a rule wants several people, each approves once. The agent then calls again; another call, other arguments or another policy version need an approval of their own.';
	static override examples: Command.Example[] = ['<%= config.bin %> <%= command.id %> apr_0f3c'];
	static override args: Interfaces.ArgInput = args;
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(_: Terminal): Promise<Answer> {
		const { args: given, flags: chosen } = await this.parse({ args, flags, baseFlags: OperatorCommand.baseFlags });
		const client = await connect(chosen.server);
		const hash = chosen['args-sha256'];
		const done = await client.send(
			'POST',
			path`/v1/approvals/${given.ticket}/approve`,
			decidedApproval,
			hash === undefined ? {} : { args_sha256: hash },
		);
		const left = done.approvers - done.approved_by.length;
		return {
			schema: 'tappass.approval.approve/1',
			fields: { ...done },
			text: printable(
				done.state === 'granted'
					? `Approved ${done.ticket}: the agent may make the call once.`
					: `Approved ${done.ticket}; it waits for ${left} more.`,
			),
		};
	}
}
