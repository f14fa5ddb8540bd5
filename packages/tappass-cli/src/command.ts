import { Command, Flags, type Interfaces } from '@oclif/core';
import { type Answer, printAnswer, surviveBrokenOutput, type Terminal } from '@tappass/cli-kit';
import { terminalOf } from './terminal.ts';

const baseFlags = {
	json: Flags.boolean({ description: 'print one JSON object for programs', helpGroup: 'GLOBAL' }),
	color: Flags.boolean({ description: 'colour at a terminal', helpGroup: 'GLOBAL', allowNo: true, default: true }),
};

/** A command of the operator: it parses its arguments, calls one function and answers. `fail.ts` prints every failure. */
export abstract class OperatorCommand extends Command {
	static override baseFlags: Interfaces.FlagInput = baseFlags;

	/** What the command does; throws `TapPassError` when it cannot. */
	protected abstract answer(terminal: Terminal): Promise<Answer>;

	override async run(): Promise<void> {
		const terminal = terminalOf(this.argv);
		surviveBrokenOutput(terminal, process);
		process.exitCode = this.print(terminal, await this.answer(terminal));
	}

	/** Prints the answer; a command whose answer is a stream has written it already. */
	protected print(terminal: Terminal, answer: Answer): number {
		return printAnswer(terminal, answer);
	}

	// oclif would print and exit by itself; one place does that for every command.
	protected override async catch(error: Error): Promise<never> {
		throw error;
	}
}
