import { nearest, TapPassError } from '@tappass/core';
import { printFailure, surviveBrokenOutput } from './output.ts';
import { createTerminal, type Terminal } from './terminal.ts';

/** An error of the argument parser (commander's), by its shape: this package does not depend on it. */
interface ParserError extends Error {
	readonly code: string;
	readonly exitCode: number;
}

/** A small command line whose parser throws instead of exiting. */
export interface CommandLine {
	readonly name: string;
	/** Names of its commands, for the nearest one. */
	readonly commands: readonly string[];
	/** Parses and runs; given the terminal that the arguments ask for. */
	readonly run: (argv: readonly string[], terminal: Terminal) => Promise<unknown>;
}

/** Runs a command line in this process: prints every failure in our words and sets the exit code. */
export async function runCommandLine(
	line: CommandLine,
	argv: readonly string[] = process.argv.slice(2),
): Promise<void> {
	// What follows `--` is no option.
	const options = argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv;
	const terminal = createTerminal({
		name: line.name,
		json: options.includes('--json'),
		color: !options.includes('--no-color'),
	});
	surviveBrokenOutput(terminal, process);
	process.once('SIGINT', () => process.exit(130));
	try {
		await line.run(argv, terminal);
	} catch (error) {
		const failure = translate(error, line, argv);
		if (failure !== undefined)
			process.exitCode = printFailure(terminal, failure, Boolean(process.env['TAPPASS_DEBUG']));
	}
}

/** The parser's own errors in our words; undefined for an exit that is none, such as after help. */
function translate(error: unknown, { name, commands }: CommandLine, argv: readonly string[]): unknown {
	if (!isParserError(error)) return error;
	if (error.exitCode === 0) return undefined;
	if (error.code === 'commander.help')
		return new TapPassError('usage', { detail: 'a command is missing', hint: `${name} --help lists the commands` });
	const typed = argv.find((word) => !word.startsWith('-')) ?? '';
	const near = error.code === 'commander.unknownCommand' ? nearest(typed, commands) : undefined;
	const command = commands.includes(typed) ? `${name} ${typed}` : name;
	return new TapPassError('usage', {
		detail: error.message.replace(/^error: /, ''),
		hint: near === undefined ? `${command} --help shows how it is used` : `did you mean ${name} ${near}?`,
	});
}

function isParserError(error: unknown): error is ParserError {
	return (
		error instanceof Error && 'exitCode' in error && 'code' in error && String(error.code).startsWith('commander.')
	);
}
