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
		description: 'agent that loses its clearance',
	}),
	resource: Flags.string({
		helpValue: '<name>',
		description: 'resource that is no longer classified: mcp://server/uri, section:name, or a tool',
	}),
	framework: Flags.string({ required: true, helpValue: '<name>', description: 'framework of classification' }),
};

/** `tappass barrier clear`: the end of an information barrier. */
export default class BarrierClear extends OperatorCommand {
	static override summary = 'Take a clearance back from an agent, or a classification from a resource.';
	static override description =
		'An agent without clearance sees what is public alone; a resource without classification is open to every agent that policies allow.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %> --framework sensitivity --agent finance/payroll-bot',
	];
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(_: Terminal): Promise<Answer> {
		const { flags: chosen } = await this.parse({ flags, baseFlags: OperatorCommand.baseFlags });
		const { framework, resource } = chosen;
		const subject = chosen.agent === undefined ? { resource } : readAgent(chosen.agent);
		const client = await connect(chosen.server);
		const to = chosen.agent === undefined ? '/v1/barriers/declassify' : '/v1/barriers/withdraw';
		const done = await client.send('POST', to, withFramework, { ...subject, framework });
		return {
			schema: 'tappass.barrier.clear/1',
			fields: { ...done },
			text: printable(
				chosen.agent === undefined
					? `${resource} is no longer classified by ${framework}.`
					: `${chosen.agent} has no clearance of ${framework} any more.`,
			),
		};
	}
}
