import { Args, type Command, type Interfaces } from '@oclif/core';
import { type Answer, printable, type Terminal } from '@tappass/cli-kit';
import { TapPassError } from '@tappass/core';
import { OperatorCommand } from '../../../command.ts';
import { connect } from '../../../remote/connect.ts';
import { discoveredTool } from '../../../remote/gateway-shapes.ts';
import { serverFlag } from '../../../remote/settings.ts';
import { page } from '../../../remote/shapes.ts';
import { definitionChanges } from '../../../views/definition-changes.ts';

const args = { tool: Args.string({ required: true, description: 'name of the tool: server.tool' }) };
const flags = { server: serverFlag };

/** `tappass catalog discovered show`: what a server says of a tool. */
export default class DiscoveredShow extends OperatorCommand {
	static override summary = 'Show the definitions of a tool that were seen, and what differs from the one agreed to.';
	static override description =
		'What a server writes is shown as it is: read it as the words of a stranger, who may want to talk you or a model into something.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %> collibra.get_asset',
		'<%= config.bin %> <%= command.id %> collibra.get_asset --json',
	];
	static override args: Interfaces.ArgInput = args;
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(_: Terminal): Promise<Answer> {
		const { args: given, flags: chosen } = await this.parse({ args, flags, baseFlags: OperatorCommand.baseFlags });
		const client = await connect(chosen.server);
		const { items } = await client.get('/v1/discovered-tools', page(discoveredTool), { tool: given.tool });
		if (items.length === 0)
			throw new TapPassError('not_found', {
				detail: `${given.tool} is not in the review queue`,
				hint: 'tappass catalog discovered list --state all',
			});
		const parts = items.map(({ definition, definition_sha256, kind, pinned, state }) => {
			const title = `${given.tool} ${definition_sha256 || '(no definition)'}: ${kind}, ${state}`;
			if (pinned === null || pinned.sha256 === definition_sha256)
				return `${title}\n${JSON.stringify(definition, null, 2)}`;
			return [title, ...definitionChanges(pinned.definition, definition)].join('\n');
		});
		return {
			schema: 'tappass.catalog.discovered.show/1',
			fields: { items },
			text: printable(parts.join('\n\n')),
		};
	}
}
