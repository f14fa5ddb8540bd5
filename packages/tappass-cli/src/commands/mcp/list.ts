import type { Command, Interfaces } from '@oclif/core';
import type { Answer, Terminal } from '@tappass/cli-kit';
import { OperatorCommand } from '../../command.ts';
import { connect } from '../../remote/connect.ts';
import { mcpServer } from '../../remote/gateway-shapes.ts';
import { serverFlag } from '../../remote/settings.ts';
import { listing, wideFlag } from '../../views/listing.ts';

const flags = { server: serverFlag, wide: wideFlag };

/** `tappass mcp list`: the registered MCP servers. */
export default class McpList extends OperatorCommand {
	static override summary = 'List the registered MCP servers.';
	static override description = 'Credentials are shown as the names they have in the vault.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %>',
		'<%= config.bin %> <%= command.id %> --json',
	];
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(terminal: Terminal): Promise<Answer> {
		const { flags: chosen } = await this.parse({ flags, baseFlags: OperatorCommand.baseFlags });
		const items = await (await connect(chosen.server)).all('/v1/mcp-servers', mcpServer);
		const rows = items.map(({ name, transport, credentials, auto_approve }) => [
			name,
			transport.kind === 'http' ? transport.url : [transport.command, ...transport.args].join(' '),
			Object.entries(credentials)
				.map(([header, reference]) => `${header}=${reference}`)
				.join(',') || '-',
			auto_approve ? 'auto-approve' : 'review',
		]);
		return {
			schema: 'tappass.mcp.list/1',
			fields: { items },
			text: listing(terminal, {
				heading: ['SERVER', 'AT', 'CREDENTIALS', 'UNKNOWN TOOLS'],
				rows,
				spare: ['UNKNOWN TOOLS', 'CREDENTIALS'],
				wide: chosen.wide,
				empty: 'No MCP server is registered, so no tool can be called. tappass mcp register <name> registers one.',
			}),
		};
	}
}
