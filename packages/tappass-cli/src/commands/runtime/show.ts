import { Args, type Command, Flags, type Interfaces } from '@oclif/core';
import { type Answer, printable, type Terminal } from '@tappass/cli-kit';
import { OperatorCommand } from '../../command.ts';
import { readLibrary } from '../../compile-request.ts';
import { findRuntime } from '../../find-runtime.ts';
import { path } from '../../remote/api-client.ts';
import { connect } from '../../remote/connect.ts';
import { serverFlag } from '../../remote/settings.ts';
import { withId } from '../../remote/shapes.ts';

const args = { runtime: Args.string({ required: true, description: 'id of a ready Runtime' }) };
const flags = {
	server: serverFlag,
	remote: Flags.boolean({
		helpGroup: 'SERVER',
		description: 'as the server has it: the org’s own before the shipped one',
	}),
};

/** `tappass runtime show`: one ready Runtime. */
export default class RuntimeShow extends OperatorCommand {
	static override summary = 'Show a ready Runtime.';
	static override description = 'As it ships with this command, offline; with --remote as the server has it.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %> node-bubblewrap',
		'<%= config.bin %> <%= command.id %> node-bubblewrap --remote --json',
	];
	static override flags: Interfaces.FlagInput = flags;
	static override args: Interfaces.ArgInput = args;

	protected override async answer(_: Terminal): Promise<Answer> {
		const { args: given, flags: chosen } = await this.parse({ args, flags, baseFlags: OperatorCommand.baseFlags });
		const runtime =
			chosen.remote || chosen.server !== undefined
				? await (await connect(chosen.server)).get(path`/v1/runtimes/${given.runtime}`, withId)
				: findRuntime(await readLibrary(undefined), given.runtime);
		return { schema: 'tappass.runtime.show/1', fields: { runtime }, text: printable(JSON.stringify(runtime, null, 2)) };
	}
}
