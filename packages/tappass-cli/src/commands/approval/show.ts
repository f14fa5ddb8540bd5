import { Args, type Command, type Interfaces } from '@oclif/core';
import { type Answer, printable, type Terminal, table } from '@tappass/cli-kit';
import { OperatorCommand } from '../../command.ts';
import { path } from '../../remote/api-client.ts';
import { connect } from '../../remote/connect.ts';
import { openedApproval } from '../../remote/gateway-shapes.ts';
import { serverFlag } from '../../remote/settings.ts';

const args = { ticket: Args.string({ required: true, description: 'ticket of the call, as approval list prints it' }) };
const flags = { server: serverFlag };

/** `tappass approval show`: what exactly waits. */
export default class ApprovalShow extends OperatorCommand {
	static override summary = 'Show a call that waits, with its arguments.';
	static override description =
		'For those who may decide it; that you looked is recorded. The approval holds for these very arguments, this policy version and this sandbox.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %> apr_0f3c',
		'<%= config.bin %> <%= command.id %> apr_0f3c --json',
	];
	static override args: Interfaces.ArgInput = args;
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(terminal: Terminal): Promise<Answer> {
		const { args: given, flags: chosen } = await this.parse({ args, flags, baseFlags: OperatorCommand.baseFlags });
		const client = await connect(chosen.server);
		const { args: asked, ...found } = await client.get(path`/v1/approvals/${given.ticket}`, openedApproval);
		const rows = [
			['ticket', found.ticket],
			['tool', found.tool],
			['place', `${found.project}/${found.agent}`],
			['sandbox', found.sandbox_id],
			['policy', `version ${found.policy_version}`],
			['rule', `${found.approval_id} (${found.requested_by})`],
			['decided by', found.deciders === 'agents' ? 'people, or agents that may collaborate' : 'people'],
			['state', found.state],
			[
				'approved',
				`${found.approved_by.length} of ${found.approvers}: ${found.approved_by.join(', ') || 'nobody yet'}`,
			],
			['expires', found.expires_at],
			['arguments', `sha256 ${found.args_sha256}`],
		];
		return {
			schema: 'tappass.approval.show/1',
			fields: { ...found, args: asked as Answer['fields'] },
			text: `${table(rows, terminal.style)}\n${printable(JSON.stringify(asked, null, 2))}`,
		};
	}
}
