import { Args, type Command, Flags, type Interfaces } from '@oclif/core';
import { type Answer, printable, type Terminal } from '@tappass/cli-kit';
import { OperatorCommand } from '../../command.ts';
import { emitBootstraps } from '../../emit.ts';
import { connect } from '../../remote/connect.ts';
import { serverFlag } from '../../remote/settings.ts';

const args = { spec: Args.string({ required: true, description: 'id of a sandbox-spec, of the org or shipped' }) };
const flags = {
	server: serverFlag,
	count: Flags.integer({ default: 1, min: 1, max: 1_000, helpValue: '<n>', description: 'sandboxes to make' }),
	project: Flags.string({
		helpValue: '<name>',
		description: 'binds a shipped spec to a project first; may be left out when there is only one project',
	}),
};

/** `tappass sandbox-spec emit-bootstrap`: the URLs that enrol hosts. */
export default class EmitBootstrap extends OperatorCommand {
	static override summary = 'Make sandboxes of a spec and print the single-use URLs that enrol their hosts.';
	static override description =
		'One URL a line. Each lives for 15 minutes, works once, and is shown only here: whoever has it gets the sandbox, so hand it over as you would a password. On the host: tappass-host init <name> --enroll-url <url>.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %> eu-support-emailer --count 1',
		'<%= config.bin %> <%= command.id %> collibra-steward --count 2 --project collibra-eval',
	];
	static override args: Interfaces.ArgInput = args;
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(terminal: Terminal): Promise<Answer> {
		const { args: given, flags: chosen } = await this.parse({ args, flags, baseFlags: OperatorCommand.baseFlags });
		const client = await connect(chosen.server);
		const made = await emitBootstraps(terminal, client, given.spec, chosen);
		return {
			schema: 'tappass.sandbox-spec.emit-bootstrap/1',
			fields: { ...made },
			text: printable(made.items.map(({ url }) => url).join('\n')),
			exit: made.failed > 0 ? 1 : 0,
		};
	}
}
