import { Args, type Command, type Interfaces } from '@oclif/core';
import { type Answer, printable, type Terminal } from '@tappass/cli-kit';
import { OperatorCommand } from '../../command.ts';
import { path } from '../../remote/api-client.ts';
import { connect } from '../../remote/connect.ts';
import { changedSession } from '../../remote/gateway-shapes.ts';
import { serverFlag } from '../../remote/settings.ts';

const args = { session: Args.string({ required: true, description: 'id of the session, as session list prints it' }) };
const flags = { server: serverFlag };

/** `tappass session resume`: lets a killed session go on. */
export default class SessionResume extends OperatorCommand {
	static override summary = 'Let a killed session go on.';
	static override description =
		'Calls that it was killed for are forgotten, so that it is not killed for them again; what it has used of budgets is not.';
	static override examples: Command.Example[] = ['<%= config.bin %> <%= command.id %> ses_4h7q2m'];
	static override args: Interfaces.ArgInput = args;
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(_: Terminal): Promise<Answer> {
		const { args: given, flags: chosen } = await this.parse({ args, flags, baseFlags: OperatorCommand.baseFlags });
		const client = await connect(chosen.server);
		const done = await client.send('POST', path`/v1/sessions/${given.session}/resume`, changedSession);
		return {
			schema: 'tappass.session.resume/1',
			fields: { ...done },
			text: printable(`The session ${done.id} of ${done.sandbox_id} goes on.`),
		};
	}
}
