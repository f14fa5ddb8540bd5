import { type Command, Flags, type Interfaces } from '@oclif/core';
import type { Answer, Terminal } from '@tappass/cli-kit';
import { OperatorCommand } from '../../command.ts';
import { connect } from '../../remote/connect.ts';
import { levelName } from '../../remote/place.ts';
import { serverFlag } from '../../remote/settings.ts';
import { page, policy, revision } from '../../remote/shapes.ts';
import { listing, shortMoment, wideFlag } from '../../views/listing.ts';

const flags = {
	server: serverFlag,
	wide: wideFlag,
	history: Flags.boolean({ description: 'every change of policy instead, newest first' }),
};

/** `tappass policy list`: what is in force, or how it came to be. */
export default class PolicyList extends OperatorCommand {
	static override summary = 'List the policies in force that you may read, by place in the cascade.';
	static override description = 'With --history, every change that was ever made: the revisions to roll back to.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %>',
		'<%= config.bin %> <%= command.id %> --history --json',
	];
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(terminal: Terminal): Promise<Answer> {
		const { flags: chosen } = await this.parse({ flags, baseFlags: OperatorCommand.baseFlags });
		const client = await connect(chosen.server);
		if (chosen.history) {
			const items = await client.all('/v1/policies/revisions', revision);
			const rows = items.map((each) => [
				String(each.revision),
				levelName(each),
				each.file_key,
				`${each.action}${each.narrowed ? ', narrowed' : ''}`,
				each.applied_by,
				shortMoment(each.applied_at),
			]);
			return {
				schema: 'tappass.policy.history/1',
				fields: { items },
				text: listing(terminal, {
					heading: ['REVISION', 'LEVEL', 'POLICY', 'CHANGE', 'BY', 'AT'],
					rows,
					spare: ['BY', 'AT', 'CHANGE'],
					wide: chosen.wide,
					empty: 'No policy was ever applied. tappass policy apply --level org <file> applies one.',
				}),
			};
		}
		const { items } = await client.get('/v1/policies', page(policy));
		const rows = items.map((each) => [
			levelName(each),
			each.file_key,
			each.kind,
			String(each.revision),
			each.applied_by,
			shortMoment(each.applied_at),
		]);
		return {
			schema: 'tappass.policy.list/1',
			fields: { items },
			text: listing(terminal, {
				heading: ['LEVEL', 'POLICY', 'KIND', 'REVISION', 'BY', 'AT'],
				rows,
				spare: ['KIND', 'BY', 'AT', 'REVISION'],
				wide: chosen.wide,
				empty: 'No policy is in force, and so nothing is allowed. tappass policy apply --level org <file> applies one.',
			}),
		};
	}
}
