import { dirname, resolve } from 'node:path';
import { type Command, Flags, type Interfaces } from '@oclif/core';
import { type Answer, makeDirectory, note, type Terminal } from '@tappass/cli-kit';
import { TapPassError } from '@tappass/core';
import { type Plane, type ServerOptions, startServer } from '@tappass/server';
import { OperatorCommand } from '../../command.ts';
import { dataFlag, defaultDataDirectory } from '../../data-directory.ts';
import { showsPassword } from '../../database-url.ts';
import { readListen } from '../../listen.ts';

const planes: readonly Plane[] = ['operator', 'host', 'agent'];
const flags = {
	data: dataFlag,
	database: Flags.string({
		helpValue: '<url>',
		env: 'TAPPASS_DATABASE',
		description: 'postgres://… of a PostgreSQL 15 or newer (default: an engine of its own in the data directory)',
	}),
	'engine-user': Flags.string({
		helpValue: '<name>',
		description: 'as root: the user that the engine runs as (default: tappass, which is made)',
	}),
	planes: Flags.string({
		default: planes.join(','),
		helpValue: '<list>',
		description: 'planes that run in this process',
	}),
	'operator-listen': Flags.string({ default: '127.0.0.1:7600', helpValue: '<host:port>', description: 'operator API' }),
	'host-listen': Flags.string({
		default: '127.0.0.1:7601',
		helpValue: '<host:port>',
		description: 'host plane, mutual TLS',
	}),
	'agent-listen': Flags.string({ default: '127.0.0.1:7602', helpValue: '<host:port>', description: 'agent plane' }),
	traces: Flags.string({
		helpValue: '<url>',
		env: 'OTEL_EXPORTER_OTLP_ENDPOINT',
		description: 'OpenTelemetry collector that gets traces, OTLP over HTTP (default: no traces)',
	}),
	'audit-public': Flags.boolean({
		description: 'let anyone who reaches the operator plane read checkpoints and tiles of the audit logs',
	}),
	'host-url': Flags.string({
		helpValue: '<url>',
		description: 'how hosts reach the host plane, https://… (default: from the listener)',
	}),
};

/** `tappass server start`: the control plane, in the foreground until it is stopped. */
export default class ServerStart extends OperatorCommand {
	static override summary = 'Start the control plane and run until stopped.';
	static override description =
		'The first start makes an org, its keys and a first operator credential, and says where they lie. Logs go to stderr, one JSON object a line. SIGTERM and SIGINT stop it after what is under way.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %>',
		'<%= config.bin %> <%= command.id %> --data /srv/tappass --operator-listen 127.0.0.1:7600',
	];
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(terminal: Terminal): Promise<Answer> {
		const { flags: chosen } = await this.parse({ flags, baseFlags: OperatorCommand.baseFlags });
		if (showsPassword(this.argv))
			note(
				terminal,
				'warning',
				'everyone on this machine can read the password in --database: give the URL in TAPPASS_DATABASE instead',
			);
		// As root the engine runs as another user, who must be able to pass through; nothing but the last one is private.
		await makeDirectory(dirname(resolve(chosen.data)), 0o755);
		await makeDirectory(chosen.data, 0o700);
		const options: ServerOptions = {
			directory: chosen.data,
			...(chosen.database === undefined ? {} : { databaseUrl: chosen.database }),
			...(chosen['engine-user'] === undefined ? {} : { engineUser: chosen['engine-user'] }),
			planes: readPlanes(chosen.planes),
			operatorListen: readListen(chosen['operator-listen']),
			hostListen: readListen(chosen['host-listen']),
			agentListen: readListen(chosen['agent-listen']),
			...(chosen['host-url'] === undefined ? {} : { hostUrl: chosen['host-url'] }),
			auditIsPublic: chosen['audit-public'],
			...(chosen.traces === undefined ? {} : { tracing: { endpoint: chosen.traces } }),
			say: (line) => terminal.stderr.write(`${terminal.name}: ${line}\n`),
		};
		// A first start makes a database and keys: on a busy machine that is half a minute without a word.
		if (!terminal.json) terminal.stderr.write(`${terminal.name}: starting; the first start takes a little longer\n`);
		const server = await startServer(options);
		const asked = new Promise<'stopped'>((resolve) => {
			for (const signal of ['SIGTERM', 'SIGINT'] as const) {
				// The command line's own SIGINT handler would end the process at once.
				process.removeAllListeners(signal);
				process.once(signal, () => resolve('stopped'));
			}
		});
		if (!terminal.json) {
			const where = Object.entries(server.urls).map(
				([plane, url]) => `  ${plane.padEnd(8)}  ${url ?? 'not in this process'}`,
			);
			terminal.stderr.write(
				`${['The control plane is up.', ...where, ...signIn(server.created !== null, chosen.data), 'Stop it with Ctrl-C or tappass server stop.'].join('\n')}\n`,
			);
		} else
			terminal.stdout.write(
				`${JSON.stringify({ schema: 'tappass.server.started/1', urls: server.urls, created: server.created })}\n`,
			);
		const why = await Promise.race([server.ended, asked]);
		await server.close();
		if (why === 'engine_lost')
			throw new TapPassError('internal', {
				detail: 'the database engine ended',
				hint: 'look at the log, then start again',
			});
		return { schema: 'tappass.server.stopped/1', fields: {}, text: 'Stopped.' };
	}
}

function readPlanes(text: string): readonly Plane[] {
	const chosen = text.split(',').map((one) => one.trim());
	const unknown = chosen.find((one) => !planes.includes(one as Plane));
	if (unknown !== undefined)
		throw new TapPassError('usage', {
			detail: `--planes: there is no plane ${JSON.stringify(unknown)}`,
			hint: `any of ${planes.join(',')}`,
		});
	return chosen as Plane[];
}

function signIn(isFirst: boolean, directory: string): readonly string[] {
	return isFirst
		? [
				`Sign in from another terminal: tappass login${directory === defaultDataDirectory ? '' : ` --data ${directory}`}`,
			]
		: [];
}
