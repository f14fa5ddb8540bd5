import { Args, type Command, Flags, type Interfaces } from '@oclif/core';
import { type Answer, printable, type Terminal } from '@tappass/cli-kit';
import { OperatorCommand } from '../../../command.ts';
import { path } from '../../../remote/api-client.ts';
import { connect } from '../../../remote/connect.ts';
import { deniedTool } from '../../../remote/gateway-shapes.ts';
import { serverFlag } from '../../../remote/settings.ts';

const args = { tool: Args.string({ required: true, description: 'name of the tool: server.tool' }) };
const flags = {
	server: serverFlag,
	definition: Flags.string({
		helpValue: '<sha256>',
		description: 'which definition, when several are waiting',
	}),
};

/** `tappass catalog discovered deny`: keeps a tool out. */
export default class DiscoveredDeny extends OperatorCommand {
	static override summary = 'Deny a tool that was discovered, or a definition that changed.';
	static override description =
		'It is denied already; this takes it out of the queue. An approval that was given here ends.';
	static override examples: Command.Example[] = ['<%= config.bin %> <%= command.id %> acme.wipe'];
	static override args: Interfaces.ArgInput = args;
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(_: Terminal): Promise<Answer> {
		const { args: given, flags: chosen } = await this.parse({ args, flags, baseFlags: OperatorCommand.baseFlags });
		const client = await connect(chosen.server);
		const done = await client.send('POST', path`/v1/discovered-tools/${given.tool}/deny`, deniedTool, {
			definition_sha256: chosen.definition,
		});
		return {
			schema: 'tappass.catalog.discovered.deny/1',
			fields: { ...done },
			text: printable(`Denied ${done.tool}${done.withdrawn ? '; it was approved before' : ''}.`),
		};
	}
}
