import { Args, type Command, Flags, type Interfaces } from '@oclif/core';
import { type Answer, note, printable, type Terminal } from '@tappass/cli-kit';
import { OperatorCommand } from '../../command.ts';
import { path } from '../../remote/api-client.ts';
import { connect } from '../../remote/connect.ts';
import { withProgress } from '../../remote/follow.ts';
import { serverFlag } from '../../remote/settings.ts';
import { bootstraps } from '../../remote/shapes.ts';

const args = { caller: Args.string({ required: true, description: 'the caller, as agent discovered prints it' }) };
const flags = {
	server: serverFlag,
	spec: Flags.string({ required: true, helpValue: '<id>', description: 'sandbox-spec that it shall run under' }),
	project: Flags.string({
		helpValue: '<name>',
		description: 'binds a shipped spec to a project first; may be left out when there is only one project',
	}),
};

/** `tappass agent enroll`: brings an unenrolled caller in. */
export default class AgentEnroll extends OperatorCommand {
	static override summary = 'Make a sandbox for an unenrolled caller and print the URL that enrols its host.';
	static override description =
		'The URL lives for 15 minutes, works once, and is shown only here. On the machine that calls: tappass-host init <name> --enroll-url <url>.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %> call_0123456789abcdef --spec eu-support-emailer --project eu-team',
	];
	static override args: Interfaces.ArgInput = args;
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(terminal: Terminal): Promise<Answer> {
		const { args: given, flags: chosen } = await this.parse({ args, flags, baseFlags: OperatorCommand.baseFlags });
		const { spec, project } = chosen;
		const client = await connect(chosen.server);
		const made = await withProgress(terminal, client, `making a sandbox of ${spec}`, () =>
			client.send('POST', path`/v1/unenrolled-callers/${given.caller}/enroll`, bootstraps, {
				spec,
				...(project === undefined ? {} : { project }),
			}),
		);
		if (made.failed > 0) note(terminal, 'warning', 'its policy does not compile, and it denies everything');
		return {
			schema: 'tappass.agent.enroll/1',
			fields: { ...made },
			text: printable(made.items.map(({ url }) => url).join('\n')),
			exit: made.failed > 0 ? 1 : 0,
		};
	}
}
