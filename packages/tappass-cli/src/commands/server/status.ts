import { type Command, Flags, type Interfaces } from '@oclif/core';
import { type Answer, printAnswer, type Terminal } from '@tappass/cli-kit';
import { OperatorCommand } from '../../command.ts';
import { dataFlag } from '../../data-directory.ts';
import { limits } from '../../limits.ts';
import { serverFlag } from '../../remote/settings.ts';
import { lookAtDirectory, lookAtServer, runsHere, type ServerPicture, watchServer } from '../../server-status.ts';

const flags = {
	data: dataFlag,
	server: serverFlag,
	watch: Flags.boolean({ description: 'keep showing it: a live view at a terminal, elsewhere what changes' }),
	plain: Flags.boolean({ dependsOn: ['watch'], description: 'lines also at a terminal, instead of the live view' }),
};

/** `tappass server status`: whether a server runs, and what it has yet to derive. */
export default class ServerStatus extends OperatorCommand {
	static override summary = 'Say whether a server runs, where it listens, and what it has yet to derive.';
	static override description =
		'Looks at the data directory of this machine, unless --server or TAPPASS_SERVER names a server. What it has yet to derive is told to whoever is signed in. Exit code 1 when none runs. With --watch it goes on until Ctrl-C or the end of the server; with --json too, one object a line.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %>',
		'<%= config.bin %> <%= command.id %> --watch',
		'<%= config.bin %> <%= command.id %> --server https://tappass.acme.example --json',
	];
	static override flags: Interfaces.FlagInput = flags;

	#told: Answer | undefined;

	protected override async answer(terminal: Terminal): Promise<Answer> {
		const { flags: chosen, metadata } = await this.parse({ flags, baseFlags: OperatorCommand.baseFlags });
		// Whoever names a directory asks for the server in it.
		const named = metadata.flags['data']?.setFromDefault === true ? process.env['TAPPASS_SERVER'] : undefined;
		const server = chosen.server ?? ((await runsHere(chosen.data, named)) ? undefined : named || undefined);
		const look = (): Promise<ServerPicture> =>
			server === undefined ? lookAtDirectory(chosen.data) : lookAtServer(server);
		if (!chosen.watch) return answerOf(await look());
		this.#told = await watch(terminal, watchServer(look, limits.statusWatchMs), chosen.plain);
		return this.#told;
	}

	/** Of a watch everything is printed already. */
	protected override print(terminal: Terminal, answer: Answer): number {
		return answer === this.#told ? (answer.exit ?? 0) : super.print(terminal, answer);
	}
}

function answerOf({ isRunning, fields, lines }: ServerPicture): Answer {
	return { schema: 'tappass.server.status/1', fields, text: lines.join('\n'), exit: isRunning ? 0 : 1 };
}

async function watch(terminal: Terminal, pictures: AsyncIterable<ServerPicture>, isPlain: boolean): Promise<Answer> {
	let last: ServerPicture | undefined;
	const isLive = terminal.stdout.isTTY && process.stdin.isTTY && !terminal.json && !isPlain;
	if (!isLive) {
		for await (const picture of pictures) {
			last = picture;
			const answer = answerOf(picture);
			printAnswer(terminal, { ...answer, text: `${new Date().toISOString()}\n${answer.text}` });
		}
		return answerOf(last!);
	}
	const remember = async function* (): AsyncGenerator<readonly string[]> {
		for await (const picture of pictures) {
			last = picture;
			yield picture.lines;
		}
	};
	// Only here: Ink takes longer to load than every other command to run.
	const { showLines } = await import('../../views/live-lines.ts');
	await showLines(terminal, 'Control plane', remember());
	// A request under way would hold the process for as long as it lasts.
	process.exit(last?.isRunning === false ? 1 : 0);
}
