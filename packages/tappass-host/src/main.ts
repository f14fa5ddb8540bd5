#!/usr/bin/env node
import { printAnswer, runCommandLine, type Terminal } from '@tappass/cli-kit';
import { Command } from 'commander';
import { render } from './commands/render.ts';

/** The host owner's command line: it applies what was signed, and cannot change it. */
await runCommandLine({
	name: 'tappass-host',
	commands: ['render', 'help'],
	run: (argv, terminal) => program(terminal).parseAsync(argv, { from: 'user' }),
});

function program(terminal: Terminal): Command {
	const root = new Command('tappass-host')
		.description('Applies signed policy on the machine where agents run.')
		.version('0.1.0', '--version', 'print the version')
		.helpOption('-h, --help', 'show help')
		.configureOutput({ writeErr: () => undefined })
		.showSuggestionAfterError(false)
		.exitOverride();
	root
		.command('render')
		.description('verify a keyring and write what each Provider of its Runtime renders, without applying it')
		.argument('<keyring>', 'keyring.json, or - for stdin')
		.requiredOption('--root <file>', 'root document that is trusted, root.json')
		.requiredOption('--out <dir>', 'directory for the files, one folder for each target')
		.option('--floor <file>', 'floor file of the host: refuses what is older than it')
		.option('--workspace <dir>', 'directory of the host that becomes the workspace', 'workspace')
		.option('--json', 'print one JSON object for programs')
		.option('--no-color', 'no colour at a terminal')
		.addHelpText(
			'after',
			'\nExit codes: 0 rendered, 1 a gap is open or a Provider is missing, 2 wrong usage, 3 the keyring is refused.\n\nExample:\n  $ tappass-host render keyring.json --root root.json --out preview',
		)
		.action(async (keyring: string, options: { root: string; out: string; floor?: string; workspace: string }) => {
			process.exitCode = printAnswer(terminal, await render({ keyring, ...options }, Date.now()));
		});
	return root;
}
