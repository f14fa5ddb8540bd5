import { Args, type Command, Flags, type Interfaces } from '@oclif/core';
import { type Answer, printable, type Terminal } from '@tappass/cli-kit';
import { OperatorCommand } from '../../command.ts';
import { path } from '../../remote/api-client.ts';
import { connect } from '../../remote/connect.ts';
import { changedSession } from '../../remote/gateway-shapes.ts';
import { serverFlag } from '../../remote/settings.ts';

const args = { session: Args.string({ required: true, description: 'id of the session, as session list prints it' }) };
const flags = {
	server: serverFlag,
	reason: Flags.string({ helpValue: '<text>', description: 'why; it is kept' }),
};

/** `tappass session kill`: the end of a session, for now. */
export default class SessionKill extends OperatorCommand {
	static override summary = 'Kill a session: calls are refused, and those under way are cut.';
	static override description =
		'The sandbox itself stays: its next launch is a session of its own. To end it for good, tappass sandbox revoke.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %> ses_4h7q2m',
		'<%= config.bin %> <%= command.id %> ses_4h7q2m --reason "sends mail to everyone"',
	];
	static override args: Interfaces.ArgInput = args;
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(_: Terminal): Promise<Answer> {
		const { args: given, flags: chosen } = await this.parse({ args, flags, baseFlags: OperatorCommand.baseFlags });
		const client = await connect(chosen.server);
		const { reason } = chosen;
		const body = reason === undefined ? {} : { reason };
		const done = await client.send('POST', path`/v1/sessions/${given.session}/kill`, changedSession, body);
		return {
			schema: 'tappass.session.kill/1',
			fields: { ...done },
			text: printable(`The session ${done.id} of ${done.sandbox_id} is killed.`),
		};
	}
}
