import { completionAnswer, printAnswer, runCommandLine, type Terminal } from '@tappass/cli-kit';
import { Command } from 'commander';
import { Client } from './client/client.ts';
import { doctor } from './commands/doctor.ts';
import { explain } from './commands/explain.ts';
import { show } from './commands/show.ts';
import { tools } from './commands/tools.ts';
import { verify } from './commands/verify.ts';
import { watch } from './commands/watch.ts';
import { Keyring, type KeyringOptions } from './keyring/keyring.ts';

/** The agent's command line: it reads and explains, and has no way to ask for more. */
await runCommandLine({
	name: 'tappass-agent',
	commands: ['show', 'watch', 'verify', 'tools', 'explain', 'doctor', 'completion', 'help'],
	run: (argv, terminal) => program(terminal).parseAsync(argv, { from: 'user' }),
});

function program(terminal: Terminal): Command {
	const root = new Command('tappass-agent')
		.description('Shows a governed agent what it may do. Read-only: nothing here can ask for more.')
		.version('tappass-agent 0.1.0', '--version', 'print the version')
		.helpOption('-h, --help', 'show help')
		.configureOutput({ writeErr: () => undefined })
		.addHelpText(
			'after',
			'\nInside a sandbox, where tappass-host start runs an agent:\n  $ tappass-agent show\n  $ tappass-agent doctor',
		)
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
	const reading = (name: string, description: string): Command =>
		root
			.command(name)
			.description(description)
			.option('--dir <directory>', 'where the keyring is (default: TAPPASS_KEYRING, else /run/tappass)')
			.option('--allow-writable', 'believe files that this user may write; for development outside a sandbox')
			.option('--json', 'print JSON for programs')
			.option('--no-color', 'no colour at a terminal')
			.addHelpText('after', `\nExample:\n  $ tappass-agent ${name}`);
	reading('show', 'show what the keyring in force allows').action(async (options: Reading) => {
		process.exitCode = printAnswer(terminal, await withKeyring(options, async (keyring) => show(keyring)));
	});
	reading('watch', 'print a line for each change, until it is ended').action(async (options: Reading) =>
		withKeyring(options, (keyring) => watch(keyring, terminal)),
	);
	reading('tools', 'list the tools that may be called now').action(async (options: Reading) => {
		const answer = await withKeyring(options, (keyring) => tools(new Client(keyring), terminal.style));
		process.exitCode = printAnswer(terminal, answer);
	});
	reading('doctor', 'look at everything that an agent needs').action(async (options: Reading) => {
		process.exitCode = printAnswer(terminal, await doctor(keyringOptions(options)));
	});
	root
		.command('explain')
		.description('say why something was denied; asks nobody')
		.argument('<denial>', 'a code, a file with the denial, or - for stdin')
		.option('--json', 'print one JSON object for programs')
		.option('--no-color', 'no colour at a terminal')
		.addHelpText('after', '\nExample:\n  $ tappass-agent explain tool_denied')
		.action(async (what: string) => {
			process.exitCode = printAnswer(terminal, await explain(what));
		});
	root
		.command('completion')
		.description('print the completion script for bash, zsh or fish')
		.argument('<shell>', 'bash, zsh or fish')
		.option('--json', 'print one JSON object for programs')
		.option('--no-color', 'no colour at a terminal')
		.addHelpText('after', '\nExample:\n  $ source <(tappass-agent completion bash)')
		.action((shell: string) => {
			process.exitCode = printAnswer(terminal, completionAnswer('tappass-agent', shell, root));
		});
	return root;
}

interface Reading {
	readonly dir?: string;
	readonly allowWritable?: boolean;
}

function keyringOptions({ dir, allowWritable = false }: Reading): KeyringOptions {
	return { allowWritable, ...(dir !== undefined && { directory: dir }) };
}

async function withKeyring<T>(options: Reading, use: (keyring: Keyring) => Promise<T>): Promise<T> {
	const keyring = await Keyring.load(keyringOptions(options));
	try {
		return await use(keyring);
	} finally {
		await keyring.close();
	}
}
