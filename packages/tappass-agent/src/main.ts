#!/usr/bin/env node
import { printAnswer, runCommandLine, type Terminal } from '@tappass/cli-kit';
import { Command } from 'commander';
import { verify } from './commands/verify.ts';

/** The agent's command line: it reads and explains, and has no way to ask for more. */
await runCommandLine({
	name: 'tappass-agent',
	commands: ['verify', 'help'],
	run: (argv, terminal) => program(terminal).parseAsync(argv, { from: 'user' }),
});

function program(terminal: Terminal): Command {
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
