import { Args, type Command, type Interfaces } from '@oclif/core';
import { type Answer, completionScript, type Shell, shells, type Terminal } from '@tappass/cli-kit';
import { OperatorCommand } from '../command.ts';
import { completionTable } from '../completion.ts';

const args = { shell: Args.string({ required: true, options: [...shells], description: 'the shell to make it for' }) };

/** `tappass completion`: teaches a shell the commands. */
export default class Completion extends OperatorCommand {
	static override summary = 'Print the completion script for bash, zsh or fish.';
	static override description =
		'Commands and flags are completed; nothing is asked of a server. Put the line of the example into the start-up file of your shell.';
	static override examples: Command.Example[] = [
		'source <(<%= config.bin %> <%= command.id %> bash)',
		'source <(<%= config.bin %> <%= command.id %> zsh)',
		'<%= config.bin %> <%= command.id %> fish | source',
	];
	static override args: Interfaces.ArgInput = args;

	protected override async answer(_: Terminal): Promise<Answer> {
		const { args: given } = await this.parse({ args, baseFlags: OperatorCommand.baseFlags });
		const script = completionScript(given.shell as Shell, 'tappass', completionTable(this.config));
		return { schema: 'tappass.completion/1', fields: { shell: given.shell, script }, text: script };
	}
}
