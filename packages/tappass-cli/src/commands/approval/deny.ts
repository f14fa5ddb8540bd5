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
	reason: Flags.string({ helpValue: '<text>', description: 'why; it is kept' }),
};

/** `tappass approval deny`: a person’s no. */
export default class ApprovalDeny extends OperatorCommand {
	static override summary = 'Deny a call that waits, or take back an approval that was not used yet.';
	static override description = 'One person is enough, however many must approve.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %> apr_0f3c --reason "wrong recipient"',
	];
	static override args: Interfaces.ArgInput = args;
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(_: Terminal): Promise<Answer> {
		const { args: given, flags: chosen } = await this.parse({ args, flags, baseFlags: OperatorCommand.baseFlags });
		const client = await connect(chosen.server);
		const { reason } = chosen;
		const body = reason === undefined ? {} : { reason };
		const done = await client.send('POST', path`/v1/approvals/${given.ticket}/deny`, decidedApproval, body);
		return { schema: 'tappass.approval.deny/1', fields: { ...done }, text: printable(`Denied ${done.ticket}.`) };
	}
}
