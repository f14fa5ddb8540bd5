import { Args, type Command, Flags, type Interfaces } from '@oclif/core';
import { type Answer, note, printable, printableJson, readBounded, type Terminal } from '@tappass/cli-kit';
import { type Diagnostic, TapPassError } from '@tappass/core';
import { type ModelCallSeen, readScript, type Script, scriptedModel } from '@tappass/server/dev-model';
import { LineCounter, parseDocument } from 'yaml';
import { OperatorCommand } from '../../command.ts';
import { limits } from '../../limits.ts';
import { readListen } from '../../listen.ts';

const args = {
	script: Args.string({ required: true, description: 'what the model says: a YAML file of turns' }),
};
const flags = {
	listen: Flags.string({
		default: '127.0.0.1:0',
		helpValue: '<host:port>',
		description: 'where it listens; port 0 takes one that is free',
	}),
};

/** `tappass dev model`: an upstream that answers by a script, until it is stopped. */
export default class DevModel extends OperatorCommand {
	static override summary = 'Run a model that follows a script, for development and tests.';
	static override description =
		'It speaks chat completions, responses and messages, streaming included, believes every credential, and answers each call with the first turn whose conditions hold. Each call is told on stderr; with --json on stdout, one object a line.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %> script.yaml',
		'<%= config.bin %> <%= command.id %> script.yaml --listen 127.0.0.1:4010',
	];
	static override args: Interfaces.ArgInput = args;
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(terminal: Terminal): Promise<Answer> {
		const { args: given, flags: chosen } = await this.parse({ args, flags, baseFlags: OperatorCommand.baseFlags });
		const script = await readScriptFile(given.script);
		const { host, port } = readListen(chosen.listen);
		let calls = 0;
		const model = await scriptedModel(script, {
			host,
			port,
			onCall(call) {
				calls += 1;
				tell(terminal, call);
			},
		});
		note(terminal, 'warning', 'for development only: it believes every credential');
		if (terminal.json)
			terminal.stdout.write(`${JSON.stringify({ schema: 'tappass.dev.model.started/1', url: model.url })}\n`);
		else terminal.stderr.write(`The model is at ${model.url}. Stop it with Ctrl-C.\n`);
		await new Promise<void>((resolve) => {
			for (const signal of ['SIGTERM', 'SIGINT'] as const) {
				// The command line's own SIGINT handler would end the process at once.
				process.removeAllListeners(signal);
				process.once(signal, () => resolve());
			}
		});
		await model.close();
		return { schema: 'tappass.dev.model.stopped/1', fields: { calls }, text: `Stopped after ${calls} calls.` };
	}
}

function tell(terminal: Terminal, { path, conversation, turn }: ModelCallSeen): void {
	const called = turn.call.map(({ tool }) => tool);
	if (terminal.json) {
		const fields = {
			path,
			model: conversation.model,
			stream: conversation.stream,
			results: conversation.results.length,
		};
		terminal.stdout.write(printableJson({ schema: 'tappass.dev.model.call/1', ...fields, called }));
		return;
	}
	const said = called.length > 0 ? `calls ${called.join(', ')}` : 'answers';
	const results = conversation.results.length === 1 ? '1 tool result' : `${conversation.results.length} tool results`;
	terminal.stderr.write(`${printable(`POST ${path} ${conversation.model} (${results}): ${said}`)}\n`);
}

/** @throws {TapPassError} file_unreadable, schema_invalid with all that is wrong */
async function readScriptFile(path: string): Promise<Script> {
	const bytes = await readBounded(path, limits.scriptBytesMax);
	const lines = new LineCounter();
	const document = parseDocument(new TextDecoder().decode(bytes), { lineCounter: lines, prettyErrors: false });
	if (document.errors.length > 0) {
		const diagnostics = document.errors.map((error): Diagnostic => {
			const { line, col } = lines.linePos(error.pos[0]);
			return { code: 'schema_invalid', message: error.message, file: path, row: line, col };
		});
		throw new TapPassError('schema_invalid', { detail: `${path} is not YAML`, diagnostics });
	}
	return readScript(document.toJS({ maxAliasCount: 100 }), path);
}
