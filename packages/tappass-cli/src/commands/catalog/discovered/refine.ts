import { Args, type Command, Flags, type Interfaces } from '@oclif/core';
import { type Answer, printable, type Terminal } from '@tappass/cli-kit';
import { OperatorCommand } from '../../../command.ts';
import { path } from '../../../remote/api-client.ts';
import { connect } from '../../../remote/connect.ts';
import { refinedTool } from '../../../remote/gateway-shapes.ts';
import { serverFlag } from '../../../remote/settings.ts';
import { readFacts } from '../../../tool-facts.ts';

const args = { tool: Args.string({ required: true, description: 'name of the tool: server.tool' }) };
const flags = {
	server: serverFlag,
	effect: Flags.string({ options: ['read', 'write', 'delete'], description: 'what it does at worst' }),
	capability: Flags.string({
		multiple: true,
		multipleNonGreedy: true,
		helpValue: '<name>',
		description: 'capability that it has, such as send_email; may be repeated',
	}),
	slot: Flags.string({
		multiple: true,
		multipleNonGreedy: true,
		helpValue: '<slot=path>',
		description: 'where an argument that policies speak of stands: recipient=message.to; may be repeated',
	}),
};

/** `tappass catalog discovered refine`: says more of a tool. */
export default class DiscoveredRefine extends OperatorCommand {
	static override summary = 'Change what was said of a tool when it was approved.';
	static override description = 'What is given replaces what was said; the rest stays.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %> acme.mail --capability send_email --slot recipient=to',
	];
	static override args: Interfaces.ArgInput = args;
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(_: Terminal): Promise<Answer> {
		const { args: given, flags: chosen } = await this.parse({ args, flags, baseFlags: OperatorCommand.baseFlags });
		const facts = readFacts(chosen);
		const client = await connect(chosen.server);
		const done = await client.send('POST', path`/v1/discovered-tools/${given.tool}/refine`, refinedTool, facts);
		const { capabilities, effect } = done.facts;
		return {
			schema: 'tappass.catalog.discovered.refine/1',
			fields: { ...done },
			text: printable(`${done.tool}: ${[effect, ...capabilities].join(', ')}.`),
		};
	}
}
