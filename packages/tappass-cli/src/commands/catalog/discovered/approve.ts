import { Args, type Command, Flags, type Interfaces } from '@oclif/core';
import { type Answer, note, printable, type Terminal } from '@tappass/cli-kit';
import { OperatorCommand } from '../../../command.ts';
import { path } from '../../../remote/api-client.ts';
import { connect } from '../../../remote/connect.ts';
import { approvedTool } from '../../../remote/gateway-shapes.ts';
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
	definition: Flags.string({
		helpValue: '<sha256>',
		description: 'which definition, when several are waiting',
	}),
};

/** `tappass catalog discovered approve`: makes a tool known. */
export default class DiscoveredApprove extends OperatorCommand {
	static override summary = 'Approve a tool that was discovered, or a definition that changed.';
	static override description =
		'Say what it does: read, write or delete. Its definition is pinned: when the server changes it, the tool is denied and back in the queue. Policies still decide which agents may call it.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %> acme.lookup --effect read',
		'<%= config.bin %> <%= command.id %> acme.mail --effect write --capability send_email --slot recipient=to',
	];
	static override args: Interfaces.ArgInput = args;
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(terminal: Terminal): Promise<Answer> {
		const { args: given, flags: chosen } = await this.parse({ args, flags, baseFlags: OperatorCommand.baseFlags });
		const facts = readFacts(chosen);
		const client = await connect(chosen.server);
		const done = await client.send('POST', path`/v1/discovered-tools/${given.tool}/approve`, approvedTool, {
			...facts,
			definition_sha256: chosen.definition,
		});
		if (done.pinned === null)
			note(terminal, 'note', 'no server offered a definition; the first one that does is pinned');
		const what = done.facts === null ? 'as the catalog has it' : done.facts.effect;
		return {
			schema: 'tappass.catalog.discovered.approve/1',
			fields: { ...done },
			text: printable(`Approved ${done.tool} (${what}).`),
		};
	}
}
