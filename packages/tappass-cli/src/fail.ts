import { type Config, Errors } from '@oclif/core';
import { printFailure } from '@tappass/cli-kit';
import { nearest, TapPassError } from '@tappass/core';
import { terminalOf } from './terminal.ts';

/** Prints what went wrong in our words and returns the exit code; nothing for an exit that is no failure, such as after help. */
export function fail(error: unknown, argv: readonly string[], config: Config | undefined): number {
	const failure = translate(
		error,
		argv,
		config?.commands.filter((command) => !command.hidden).map((command) => command.id.replaceAll(':', ' ')) ?? [],
	);
	return failure === undefined ? 0 : printFailure(terminalOf(argv), failure, Boolean(process.env['TAPPASS_DEBUG']));
}

function translate(error: unknown, argv: readonly string[], known: readonly string[]): unknown {
	if (error instanceof TapPassError || !(error instanceof Error)) return error;
	if (error instanceof Errors.ExitError) return error.oclif.exit === 0 ? undefined : usage('no such use', argv, known);
	if (/^command .* not found$/.test(error.message)) return unknownCommand(argv, known);
	if (error instanceof Errors.CLIError) return usage(oneLine(error.message), argv, known);
	return error;
}

/** oclif spreads a message over lines and ends it with advice that our hint gives better. */
export function oneLine(message: string): string {
	return message
		.replace(/\nNote: --\S+ allows multiple values[\s\S]*$/, '')
		.replace(/^Missing \d+ required args?:\n/, 'missing: ')
		.replace(/^Parsing (--\S+) *\n\s*(\S)/, (_, flag: string, first: string) => `${flag}: ${first.toLowerCase()}`)
		.replace(/(?<=\S) {2,}(?=\S)/g, ': ')
		.replace(/\nSee more help with --help$/, '')
		.replace(/^The following errors? occurred:\s*/, '')
		.replace(/\s*\n\s*/g, '; ');
}

function unknownCommand(argv: readonly string[], known: readonly string[]): TapPassError {
	const words = argv.filter((word) => !word.startsWith('-'));
	const typed = words.slice(0, 2).join(' ');
	if (typed === '')
		return new TapPassError('usage', { detail: 'a command is missing', hint: 'tappass --help lists the commands' });
	if (words[0] === 'version' || words[0] === 'help')
		return new TapPassError('usage', {
			detail: `there is no command ${JSON.stringify(words[0])}`,
			hint: `did you mean tappass --${words[0]}?`,
		});
	// The command is there: oclif does not find it because of the words behind it.
	const extra = [3, 2, 1].find((count) => known.includes(words.slice(0, count).join(' ')));
	if (extra !== undefined) return usage(`${JSON.stringify(words[extra] ?? '')} is not an argument of it`, argv, known);
	const topics = new Set(known.map((id) => id.split(' ')[0]!));
	const near = known.find((id) => id.startsWith(typed)) ?? nearest(typed, known) ?? nearest(words[0] ?? '', topics);
	return new TapPassError('usage', {
		detail: `there is no command ${JSON.stringify(typed)}`,
		hint: near === undefined ? 'tappass --help lists the commands' : `did you mean tappass ${near}?`,
	});
}

function usage(detail: string, argv: readonly string[], known: readonly string[]): TapPassError {
	const words = argv.filter((word) => !word.startsWith('-'));
	const id = [3, 2, 1].map((count) => words.slice(0, count).join(' ')).find((one) => known.includes(one));
	return new TapPassError('usage', {
		detail,
		hint: `tappass ${id === undefined ? '' : `${id} `}--help shows how it is used`,
	});
}
