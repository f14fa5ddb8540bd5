import { Args, type Command, type Interfaces } from '@oclif/core';
import { type Answer, printable, type Terminal } from '@tappass/cli-kit';
import { OperatorCommand } from '../../command.ts';
import { count } from '../../diagnostics.ts';
import { encodeFile } from '../../remote/base64-file.ts';
import { connect } from '../../remote/connect.ts';
import { withProgress } from '../../remote/follow.ts';
import { serverFlag } from '../../remote/settings.ts';
import { appliedRuntime } from '../../remote/shapes.ts';
import { readSource } from '../../sources.ts';

const args = { file: Args.string({ required: true, description: 'Runtime YAML' }) };
const flags = { server: serverFlag };

/** `tappass runtime apply`: a Runtime of the org's own. */
export default class RuntimeApply extends OperatorCommand {
	static override summary = 'Apply a Runtime to the org; every sandbox that uses it is derived anew.';
	static override description =
		'A Runtime says which defences there are, so only org admins apply one. It takes the place of a shipped one of the same id. tappass runtime check says before what it leaves open.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> runtime check runtime.yaml',
		'<%= config.bin %> <%= command.id %> runtime.yaml',
	];
	static override args: Interfaces.ArgInput = args;
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(terminal: Terminal): Promise<Answer> {
		const { args: given, flags: chosen } = await this.parse({ args, flags, baseFlags: OperatorCommand.baseFlags });
		const file = encodeFile(await readSource(given.file));
		const client = await connect(chosen.server);
		const done = await withProgress(terminal, client, 'applying', () =>
			client.send('POST', '/v1/runtimes', appliedRuntime, file),
		);
		return {
			schema: 'tappass.runtime.apply/1',
			fields: { ...done },
			text: printable(`The Runtime ${done.id} is applied. ${count(done.signed, 'new statement')} signed.`),
			exit: done.failed > 0 ? 1 : 0,
		};
	}
}
