import { Command, Flags, type Interfaces } from '@oclif/core';
import { type Answer, createTerminal, printAnswer, type Terminal } from '@tappass/cli-kit';

const baseFlags = {
	json: Flags.boolean({ description: 'print one JSON object for programs', helpGroup: 'GLOBAL' }),
	color: Flags.boolean({ description: 'colour at a terminal', helpGroup: 'GLOBAL', allowNo: true, default: true }),
};

/** A command of the operator: it parses its arguments, calls one function and answers. `main.ts` prints every failure. */
export abstract class OperatorCommand extends Command {
	static override baseFlags: Interfaces.FlagInput = baseFlags;

	/** What the command does; throws `TapPassError` when it cannot. */
	protected abstract answer(terminal: Terminal): Promise<Answer>;

	override async run(): Promise<void> {
		process.exitCode = printAnswer(terminalOf(this.argv), await this.answer(terminalOf(this.argv)));
	}

	// oclif would print and exit by itself; one place does that for every command.
	protected override async catch(error: Error): Promise<never> {
		throw error;
	}
}

/** The terminal as the arguments ask for it, known before they are parsed so that a usage error speaks JSON too. */
export function terminalOf(argv: readonly string[]): Terminal {
	const end = argv.indexOf('--');
	const options = end === -1 ? argv : argv.slice(0, end);
	return createTerminal({ name: 'tappass', json: options.includes('--json'), color: !options.includes('--no-color') });
}
