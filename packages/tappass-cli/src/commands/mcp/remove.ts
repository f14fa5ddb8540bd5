import { Args, type Command, type Interfaces } from '@oclif/core';
import { type Answer, printable, type Terminal } from '@tappass/cli-kit';
import { OperatorCommand } from '../../command.ts';
import { path } from '../../remote/api-client.ts';
import { connect } from '../../remote/connect.ts';
import { withName } from '../../remote/gateway-shapes.ts';
import { serverFlag } from '../../remote/settings.ts';

const args = { name: Args.string({ required: true, description: 'name of the MCP server' }) };
const flags = { server: serverFlag };

/** `tappass mcp remove`: the end of an MCP server. */
export default class McpRemove extends OperatorCommand {
	static override summary = 'Remove an MCP server; connections to it are closed.';
	static override description = 'Its secrets stay in the vault, and what was approved of its tools stays approved.';
	static override examples: Command.Example[] = ['<%= config.bin %> <%= command.id %> collibra'];
	static override args: Interfaces.ArgInput = args;
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(_: Terminal): Promise<Answer> {
		const { args: given, flags: chosen } = await this.parse({ args, flags, baseFlags: OperatorCommand.baseFlags });
		const client = await connect(chosen.server);
		const done = await client.send('DELETE', path`/v1/mcp-servers/${given.name}`, withName);
		return {
			schema: 'tappass.mcp.remove/1',
			fields: { ...done },
			text: printable(`Removed the MCP server ${done.name}.`),
		};
	}
}
