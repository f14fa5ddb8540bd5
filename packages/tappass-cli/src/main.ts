#!/usr/bin/env node
import { Config, Errors, run, settings } from '@oclif/core';
import { nearest, printFailure } from '@tappass/cli-kit';
import { TapPassError } from '@tappass/core';
import { terminalOf } from './command.ts';

settings.enableAutoTranspile = false;
const argv = process.argv.slice(2);

process.once('SIGINT', () => process.exit(130));
try {
	const config = await Config.load({ root: import.meta.dirname });
	try {
		await run(argv, config);
	} catch (error) {
		const failure = translate(error, config);
		if (failure !== undefined) process.exitCode = printFailure(terminalOf(argv), failure, debug());
	}
} catch (error) {
	process.exitCode = printFailure(terminalOf(argv), error, debug());
}

function debug(): boolean {
	return Boolean(process.env['TAPPASS_DEBUG']);
}

/** oclif's own errors in our words; undefined for an exit that is none, such as after help. */
function translate(error: unknown, config: Config): unknown {
	if (error instanceof TapPassError || !(error instanceof Error)) return error;
	if (error instanceof Errors.ExitError)
		return error.oclif.exit === 0 ? undefined : usage('the command was not understood', config);
	if (/^command .* not found$/.test(error.message)) return unknownCommand(config);
	if (error instanceof Errors.CLIError)
		return usage(error.message.replace(/\nSee more help with --help$/, '').replaceAll('\n', ' '), config);
	return error;
}

function unknownCommand(config: Config): TapPassError {
	const words = argv.filter((word) => !word.startsWith('-'));
	const known = config.commands.filter((command) => !command.hidden).map((command) => command.id.replaceAll(':', ' '));
	const typed = words.slice(0, 2).join(' ');
	const near =
		nearest(typed, known) ??
		nearest(
			words[0] ?? '',
			known.map((id) => id.split(' ')[0]!),
		);
	return new TapPassError('usage', {
		detail: `there is no command ${JSON.stringify(typed)}`,
		hint: near === undefined ? 'tappass --help lists the commands' : `did you mean tappass ${near}?`,
	});
}

function usage(detail: string, config: Config): TapPassError {
	const words = argv.filter((word) => !word.startsWith('-'));
	const id = [2, 1]
		.map((count) => words.slice(0, count).join(' '))
		.find((one) => config.commands.some((command) => command.id.replaceAll(':', ' ') === one));
	return new TapPassError('usage', {
		detail,
		hint: `tappass ${id === undefined ? '' : `${id} `}--help shows how it is used`,
	});
}
