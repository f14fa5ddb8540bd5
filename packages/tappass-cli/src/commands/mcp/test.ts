import { Args, type Command, type Interfaces } from '@oclif/core';
import { type Answer, printable, type Terminal, table } from '@tappass/cli-kit';
import { OperatorCommand } from '../../command.ts';
import { path } from '../../remote/api-client.ts';
import { connect } from '../../remote/connect.ts';
import { triedServer } from '../../remote/gateway-shapes.ts';
import { serverFlag } from '../../remote/settings.ts';

const args = { name: Args.string({ required: true, description: 'name of the MCP server' }) };
const flags = { server: serverFlag };

/** `tappass mcp test`: what an MCP server offers. */
export default class McpTest extends OperatorCommand {
	static override summary = 'Connect to an MCP server and list its tools, and which of them are known.';
	static override description =
		'A tool that is unknown is denied until somebody approves it; one whose definition has changed, until somebody agrees to that. Exit 1 when the server cannot be used.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %> collibra',
		'<%= config.bin %> <%= command.id %> collibra --json',
	];
	static override args: Interfaces.ArgInput = args;
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(terminal: Terminal): Promise<Answer> {
		const { args: given, flags: chosen } = await this.parse({ args, flags, baseFlags: OperatorCommand.baseFlags });
		const client = await connect(chosen.server);
		const done = await client.send('POST', path`/v1/mcp-servers/${given.name}/test`, triedServer);
		const rows = done.tools.map((tool) => [tool.name, tool.known, tool.pinned ?? '-', tool.description.slice(0, 60)]);
		return {
			schema: 'tappass.mcp.test/1',
			fields: { ...done },
			text: done.ok
				? table([['TOOL', 'KNOWN', 'PINNED', 'DESCRIPTION'], ...rows], terminal.style)
				: printable(`${done.name} cannot be used: ${done.detail} [${done.code}]`),
			exit: done.ok ? 0 : 1,
		};
	}
}
