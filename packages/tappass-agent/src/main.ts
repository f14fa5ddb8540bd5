#!/usr/bin/env node
import { createTerminal, printAnswer, printFailure, surviveBrokenOutput, type Terminal } from '@tappass/cli-kit';
import { nearest, TapPassError } from '@tappass/core';
import { Command, CommanderError } from 'commander';
import { verify } from './commands/verify.ts';

/** The agent's command line: it reads and explains, and has no way to ask for more. */
const argv = process.argv.slice(2);
// What follows `--` is no option.
const options = argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv;
const terminal: Terminal = createTerminal({
	name: 'tappass-agent',
	json: options.includes('--json'),
	color: !options.includes('--no-color'),
});
surviveBrokenOutput(terminal, process);
process.once('SIGINT', () => process.exit(130));

try {
	await program().parseAsync(argv, { from: 'user' });
} catch (error) {
	const failure = translate(error);
	if (failure !== undefined) process.exitCode = printFailure(terminal, failure, Boolean(process.env['TAPPASS_DEBUG']));
}

function program(): Command {
	const root = new Command('tappass-agent')
		.description('Shows a governed agent what it may do. Read-only: nothing here can ask for more.')
		.version('0.1.0', '--version', 'print the version')
		.helpOption('-h, --help', 'show help')
		.configureOutput({ writeErr: () => undefined })
		.showSuggestionAfterError(false)
		.exitOverride();
	root
		.command('verify')
		.description('check a keyring offline: signatures, audience, version and freshness')
		.argument('<keyring>', 'keyring.json, or - for stdin')
		.requiredOption('--root <file>', 'root document that is trusted, root.json')
		.option('--floor <file>', 'floor file of the host: refuses what is older than it')
		.option('--now <instant>', 'judge as of this moment, RFC 3339 (default: the clock)')
		.option('--json', 'print one JSON object for programs')
		.option('--no-color', 'no colour at a terminal')
		.addHelpText(
			'after',
			'\nExit codes: 0 the keyring is good, 2 wrong usage or unreadable file, 3 refused.\n\nExample:\n  $ tappass-agent verify /run/tappass/keyring.json --root /run/tappass/root.json',
		)
		.action(async (keyring: string, options: { root: string; floor?: string; now?: string }) => {
			process.exitCode = printAnswer(terminal, await verify({ keyring, ...options }, Date.now()));
		});
	return root;
}

/** commander's own errors in our words; undefined for an exit that is none, such as after help. */
function translate(error: unknown): unknown {
	if (!(error instanceof CommanderError)) return error;
	if (error.exitCode === 0) return undefined;
	if (error.code === 'commander.help')
		return new TapPassError('usage', {
			detail: 'a command is missing',
			hint: 'tappass-agent --help lists the commands',
		});
	const typed = argv.find((word) => !word.startsWith('-')) ?? '';
	const near = error.code === 'commander.unknownCommand' ? nearest(typed, ['verify', 'help']) : undefined;
	return new TapPassError('usage', {
		detail: error.message.replace(/^error: /, ''),
		hint: near === undefined ? 'tappass-agent --help shows how it is used' : `did you mean tappass-agent ${near}?`,
	});
}
