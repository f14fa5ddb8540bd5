import { Args, type Command, Flags, type Interfaces } from '@oclif/core';
import { type Answer, note, printable, type Terminal } from '@tappass/cli-kit';
import { TapPassError } from '@tappass/core';
import { OperatorCommand } from '../../command.ts';
import { path } from '../../remote/api-client.ts';
import { connect } from '../../remote/connect.ts';
import { registered } from '../../remote/gateway-shapes.ts';
import { serverFlag } from '../../remote/settings.ts';

const args = {
	name: Args.string({ required: true, description: 'first part of its tools’ names: collibra.get_asset' }),
};
const flags = {
	server: serverFlag,
	url: Flags.string({
		exactlyOne: ['url', 'command'],
		helpValue: '<url>',
		description: 'its address (streamable HTTP)',
	}),
	command: Flags.string({
		helpValue: '<program>',
		description: 'program that speaks over stdio; its arguments stand behind --',
	}),
	credential: Flags.string({
		multiple: true,
		multipleNonGreedy: true,
		helpValue: '<header=bearer:vault://name>',
		description: 'header (for a program: variable) from the vault, as it is or as a bearer token; may be repeated',
	}),
	'auto-approve': Flags.boolean({
		description: 'let its unknown tools pass as tools that change something, under policies that allow that lane',
	}),
	'insecure-http': Flags.boolean({ description: 'http to another machine: whoever is in between reads the secrets' }),
	replace: Flags.boolean({ description: 'change one that is there; connections to it are made anew' }),
};

/** `tappass mcp register`: an MCP server that agents reach through the broker. */
export default class McpRegister extends OperatorCommand {
	// What stands behind `--` belongs to the program, flags included.
	static override strict = false;
	static override summary = 'Register an MCP server; agents reach it through the broker alone.';
	static override description =
		'Its tools are called by canonical names, <name>.<tool>; those that the catalog does not know wait in tappass catalog discovered. With --command the program runs as a process of the TapPass server, with that server’s rights and outside every sandbox: register only what you would install there yourself. For org admins.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %> collibra --url https://mcp.collibra.example/mcp --credential authorization=bearer:vault://collibra',
		'<%= config.bin %> <%= command.id %> files --command /opt/mcp/files -- --root /srv/files',
	];
	static override args: Interfaces.ArgInput = args;
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(terminal: Terminal): Promise<Answer> {
		const {
			args: given,
			argv,
			flags: chosen,
		} = await this.parse({ args, flags, strict: false, '--': true, baseFlags: OperatorCommand.baseFlags });
		const rest = (argv as readonly string[]).slice(1);
		if (rest.length > 0 && (chosen.command === undefined || !this.argv.includes('--')))
			throw new TapPassError('usage', {
				detail: `unexpected: ${rest[0]}`,
				hint: 'arguments of --command stand behind --',
			});
		const client = await connect(chosen.server);
		const transport =
			chosen.command === undefined
				? { kind: 'http', url: chosen.url }
				: { kind: 'stdio', command: chosen.command, args: rest };
		const done = await client.send('PUT', path`/v1/mcp-servers/${given.name}`, registered, {
			transport,
			credentials: readCredentials(chosen.credential ?? []),
			auto_approve: chosen['auto-approve'],
			insecure_http: chosen['insecure-http'],
			replace: chosen.replace,
		});
		note(terminal, 'note', `see what it offers: tappass mcp test ${done.name}`);
		return {
			schema: 'tappass.mcp.register/1',
			fields: { ...done },
			text: printable(`${done.replaced ? 'Changed' : 'Registered'} the MCP server ${done.name}.`),
		};
	}
}

// Told without what was typed: it may be the secret itself.
function readCredentials(texts: readonly string[]): Readonly<Record<string, string>> {
	const found = new Map<string, string>();
	for (const text of texts) {
		const [, name, reference] = /^([A-Za-z0-9_-]{1,64})=((?:bearer:)?vault:\/\/[A-Za-z0-9_.-]{1,64})$/.exec(text) ?? [];
		if (name === undefined || reference === undefined || found.has(name))
			throw new TapPassError('usage', {
				detail: '--credential takes header=vault://name or header=bearer:vault://name, each header once',
				hint: 'put the secret into the vault first: tappass secret put <name>',
			});
		found.set(name, reference);
	}
	return Object.fromEntries(found);
}
