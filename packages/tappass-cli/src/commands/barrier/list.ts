import type { Command, Interfaces } from '@oclif/core';
import type { Answer, Terminal } from '@tappass/cli-kit';
import { OperatorCommand } from '../../command.ts';
import { connect } from '../../remote/connect.ts';
import { barriers } from '../../remote/gateway-shapes.ts';
import { serverFlag } from '../../remote/settings.ts';
import { listing, wideFlag } from '../../views/listing.ts';

const flags = { server: serverFlag, wide: wideFlag };

/** `tappass barrier list`: information barriers. */
export default class BarrierList extends OperatorCommand {
	static override summary = 'List clearances of agents and classifications of resources.';
	static override description = 'Levels are numbers: higher is more secret.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %>',
		'<%= config.bin %> <%= command.id %> --json',
	];
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(terminal: Terminal): Promise<Answer> {
		const { flags: chosen } = await this.parse({ flags, baseFlags: OperatorCommand.baseFlags });
		const found = await (await connect(chosen.server)).get('/v1/barriers', barriers);
		const rows = [
			...found.classifications.map((each) => [each.resource, 'is', String(each.level), each.framework, each.set_by]),
			...found.clearances.map((each) => [
				`${each.project}/${each.agent}`,
				'may see',
				String(each.level),
				each.framework,
				each.granted_by,
			]),
		];
		const heading = ['WHAT', '', 'LEVEL', 'FRAMEWORK', 'SET BY'];
		return {
			schema: 'tappass.barrier.list/1',
			fields: { ...found },
			text: listing(terminal, {
				heading,
				rows,
				spare: ['SET BY', 'FRAMEWORK'],
				wide: chosen.wide,
				empty: 'No barrier is set: every agent reaches what its policy allows. tappass barrier set makes one.',
			}),
		};
	}
}
