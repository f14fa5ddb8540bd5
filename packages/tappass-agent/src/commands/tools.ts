import { type Answer, printable, type Terminal, table } from '@tappass/cli-kit';
import type { Client } from '../client/client.ts';

/** The tools that the broker shows now. @throws {TapPassError} keyring_expired, gateway_unreachable */
export async function tools(client: Client, style: Terminal['style']): Promise<Answer> {
	const listed = await client.tools.list();
	const schema = 'tappass.agent.tools/1';
	if ('denied' in listed)
		return { schema, fields: { ...listed }, text: printable(`${listed.code}: ${listed.message}`), exit: 1 };
	const rows = listed.map(({ name, wire_name, description }) => [name, wire_name, description.split('\n')[0] ?? '']);
	const text =
		rows.length === 0
			? 'No tool can be called now: of those that the policy allows, no MCP server is registered that has one.'
			: table([['TOOL', 'ON WIRES', 'WHAT IT DOES'], ...rows], style);
	return { schema, fields: { items: listed }, text };
}
