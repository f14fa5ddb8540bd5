import { join } from 'node:path';
import { completionAnswer, printAnswer, runCommandLine, type Terminal } from '@tappass/cli-kit';
import { Command } from 'commander';
import { commandContext } from './commands/context.ts';

const version = '0.1.0';
const commands = [
	'init',
	'start',
	'stop',
	'restart',
	'status',
	'shell',
	'logs',
	'render',
	'doctor',
	'uninstall',
	'daemon',
	'completion',
	'help',
];

/** The host owner's command line: it applies what was signed, and cannot change it. */
await runCommandLine({
	name: 'tappass-host',
	commands,
	run: (argv, terminal) => program(terminal).parseAsync(argv, { from: 'user' }),
});

// Each command loads what it needs when it runs: `--help` waits for none of it.
function program(terminal: Terminal): Command {
	const root = new Command('tappass-host')
		.description('Applies signed policy on the machine where agents run.')
		.version(`tappass-host ${version}`, '--version', 'print the version')
		.helpOption('-h, --help', 'show help')
		.configureOutput({ writeErr: () => undefined })
		.addHelpText(
			'after',
			"\nTo begin:\n  $ tappass-host doctor\n  $ tappass-host init my-agent --enroll-url '<what the operator gave you>'\n  $ tappass-host start my-agent --agent <package or program>",
		)
		.showSuggestionAfterError(false)
		.enablePositionalOptions()
		.exitOverride();
	const context = (): ReturnType<typeof commandContext> =>
		commandContext(terminal, join(import.meta.dirname, 'main.js'));
	const add = (name: string, description: string): Command =>
		root
			.command(name)
			.description(description)
			.option('--json', 'print one JSON object for programs')
			.option('--no-color', 'no colour at a terminal');
	const print = (answer: Parameters<typeof printAnswer>[1]): void => {
		process.exitCode = printAnswer(terminal, answer);
	};

	add('init', 'enrol a sandbox on this host with a bootstrap URL')
		.argument('<name>', 'this host’s name for the sandbox')
		.requiredOption('--enroll-url <url>', 'what tappass sandbox-spec emit-bootstrap printed, in quotes')
		.option(
			'--replace',
			'enrol anew what has the name: what it runs and its workspace stay, its key and certificate go',
		)
		.addHelpText(
			'after',
			"\nExample:\n  $ tappass-host init my-agent --enroll-url 'https://host:7601/install/…#root=…'",
		)
		.action(async (name: string, options: { enrollUrl: string; replace?: boolean }) => {
			const { init } = await import('./commands/init.ts');
			print(await init(context(), name, options));
		});
	add('start', 'start an agent in its sandbox, and keep it running')
		.argument('<name>', 'the sandbox')
		.argument('[args...]', 'arguments of the agent, after --')
		.requiredOption('--agent <agent>', 'npm package, directory of one, or program')
		.option('--workspace <dir>', 'directory of this host that the agent works in; one of its own unless named')
		.addHelpText(
			'after',
			'\nExit codes: 0 it runs, 1 the Runtime does not enforce the policy here, 2 wrong usage, 3 the keyring is refused,\n4 revoked, 5 unreachable.\n\nExample:\n  $ tappass-host start my-agent --agent collibra-agent --workspace . -- serve',
		)
		.action(async (name: string, args: string[], options: { agent: string; workspace?: string }) => {
			const { start } = await import('./commands/start.ts');
			print(await start(context(), name, { ...options, args }));
		});
	add('stop', 'end an agent; it stays ended')
		.argument('<name>', 'the sandbox')
		.addHelpText(
			'after',
			'\nExit codes: 0 it has ended, 2 no such sandbox, 5 no daemon.\n\nExample:\n  $ tappass-host stop my-agent',
		)
		.action(async (name: string) => {
			const { stop } = await import('./commands/start.ts');
			print(await stop(context(), name));
		});
	add('restart', 'end an agent and start it again')
		.argument('<name>', 'the sandbox')
		.addHelpText('after', '\nExit codes: as of start.\n\nExample:\n  $ tappass-host restart my-agent')
		.action(async (name: string) => {
			const { restart } = await import('./commands/start.ts');
			print(await restart(context(), name));
		});
	add('status', 'show what is loaded, what is wanted, and which defences are not active')
		.argument('[name]', 'one sandbox; all of them unless named')
		.option('--watch', 'keep showing it; with --json one object a line')
		.addHelpText(
			'after',
			'\nExit codes: 0 all is well, 1 a sandbox is stale, denied, revoked or broken, 5 no daemon.\n\nExample:\n  $ tappass-host status --watch',
		)
		.action(async (name: string | undefined, options: { watch?: boolean }) => {
			const { status, watchStatus } = await import('./commands/status.ts');
			if (options.watch === true) await watchStatus(context(), name);
			else print(await status(context(), name));
		});
	add('shell', 'run a shell, or another program, inside a sandbox')
		.argument('<name>', 'the sandbox')
		.argument('[command...]', 'program and its arguments, after --; /bin/sh unless named')
		.addHelpText('after', '\nExample:\n  $ tappass-host shell my-agent -- curl https://example.com')
		.action(async (name: string, words: string[]) => {
			const { shell } = await import('./commands/shell.ts');
			process.exitCode = await shell(context(), name, words);
		});
	add('logs', 'print what an agent has printed')
		.argument('<name>', 'the sandbox')
		.option('-f, --follow', 'keep printing')
		.addHelpText('after', '\nExample:\n  $ tappass-host logs my-agent --follow')
		.action(async (name: string, options: { follow?: boolean }) => {
			const { logs } = await import('./commands/logs.ts');
			await logs(context(), name, options.follow === true);
		});
	add('render', 'verify a keyring and write what each Provider of its Runtime renders, without applying it')
		.argument('<keyring>', 'keyring.json, or - for stdin')
		.requiredOption('--root <file>', 'root document that is trusted, root.json')
		.requiredOption('--out <dir>', 'directory for the files, one folder for each target')
		.option('--floor <file>', 'floor file of the host: refuses what is older than it')
		.option('--workspace <dir>', 'directory of the host that becomes the workspace', 'workspace')
		.addHelpText(
			'after',
			'\nExit codes: 0 rendered, 1 a gap is open or a Provider is missing, 2 wrong usage, 3 the keyring is refused.\n\nExample:\n  $ tappass-host render keyring.json --root root.json --out preview',
		)
		.action(async (keyring: string, options: { root: string; out: string; floor?: string; workspace: string }) => {
			const { render } = await import('./commands/render.ts');
			print(await render({ keyring, ...options }, Date.now()));
		});
	add('doctor', 'look at everything that enforcing needs on this machine, and say how to mend what is missing')
		.addHelpText('after', '\nExit codes: 0 nothing is missing, 1 something is.\n\nExample:\n  $ tappass-host doctor')
		.action(async () => {
			const { doctor } = await import('./commands/doctor.ts');
			print(await doctor(context()));
		});
	add('uninstall', 'end a sandbox on this host: agent, key, keyring and logs')
		.argument('<name>', 'the sandbox')
		.addHelpText(
			'after',
			'\nExit codes: 0 nothing of it is left, 2 no such sandbox.\n\nExample:\n  $ tappass-host uninstall my-agent',
		)
		.action(async (name: string) => {
			const { uninstall } = await import('./commands/uninstall.ts');
			print(await uninstall(context(), name));
		});
	add('daemon', 'run the daemon of this host; beside a running one it says so and ends')
		.option('--foreground', 'stay in the foreground (it does unless told otherwise)')
		.option('--background', 'come back when it runs')
		.option('--print-unit', 'print a systemd unit instead')
		.option('--group <group>', 'members of this group may use the daemon, as far as root’s rights are not needed')
		.addHelpText(
			'after',
			'\nExamples:\n  $ tappass-host daemon --background\n  $ tappass-host daemon --print-unit > /etc/systemd/system/tappass-host.service',
		)
		.action(async (options: { background?: boolean; printUnit?: boolean; group?: string }) => {
			const { daemon } = await import('./commands/daemon.ts');
			await daemon(context(), { ...options, version });
		});
	add('completion', 'print the completion script for bash, zsh or fish')
		.argument('<shell>', 'bash, zsh or fish')
		.addHelpText('after', '\nExample:\n  $ source <(tappass-host completion bash)')
		.action((shell: string) => print(completionAnswer('tappass-host', shell, root)));
	return root;
}
