import { type Command, Flags, type Interfaces } from '@oclif/core';
import { type Answer, printable, type Terminal } from '@tappass/cli-kit';
import { readAgent } from '../../barrier-subject.ts';
import { OperatorCommand } from '../../command.ts';
import { connect } from '../../remote/connect.ts';
import { withFramework } from '../../remote/gateway-shapes.ts';
import { serverFlag } from '../../remote/settings.ts';

const flags = {
	server: serverFlag,
	agent: Flags.string({
		exactlyOne: ['agent', 'resource'],
		helpValue: '<project>/<agent>',
		description: 'agent that is cleared up to the level',
	}),
	resource: Flags.string({
		helpValue: '<name>',
		description: 'resource that is classified at the level: mcp://server/uri, section:name, or a tool',
	}),
	framework: Flags.string({ required: true, helpValue: '<name>', description: 'framework of classification' }),
	level: Flags.integer({ required: true, min: 0, max: 1_000, helpValue: '<n>', description: 'higher is more secret' }),
};

/** `tappass barrier set`: an information barrier. */
export default class BarrierSet extends OperatorCommand {
	static override summary = 'Clear an agent up to a level, or classify a resource at one.';
	static override description =
		'An agent reaches what is classified no higher than it is cleared, in every framework that classifies it. Whoever nobody cleared is at level 0; what nobody classified is open.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %> --framework sensitivity --resource mcp://files/payroll.csv --level 3',
		'<%= config.bin %> <%= command.id %> --framework sensitivity --agent finance/payroll-bot --level 3',
	];
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(_: Terminal): Promise<Answer> {
		const { flags: chosen } = await this.parse({ flags, baseFlags: OperatorCommand.baseFlags });
		const { framework, level, resource } = chosen;
		const subject = chosen.agent === undefined ? { resource } : readAgent(chosen.agent);
		const client = await connect(chosen.server);
		const to = chosen.agent === undefined ? '/v1/barriers/classify' : '/v1/barriers/clear';
		const done = await client.send('POST', to, withFramework, { ...subject, framework, level });
		return {
			schema: 'tappass.barrier.set/1',
			fields: { ...done },
			text: printable(
				chosen.agent === undefined
					? `${resource} is classified at ${level} of ${framework}.`
					: `${chosen.agent} is cleared up to ${level} of ${framework}.`,
			),
		};
	}
}
