import type { Command, Interfaces } from '@oclif/core';
import type { Answer, Terminal } from '@tappass/cli-kit';
import { OperatorCommand } from '../../command.ts';
import { connect } from '../../remote/connect.ts';
import { upstream } from '../../remote/gateway-shapes.ts';
import { serverFlag } from '../../remote/settings.ts';
import { listing, wideFlag } from '../../views/listing.ts';

const flags = { server: serverFlag, wide: wideFlag };

/** `tappass upstream list`: where models are served. */
export default class UpstreamList extends OperatorCommand {
	static override summary = 'List the upstreams and the models that each serves.';
	static override description = 'Of two that serve a model, the one with the lower position does.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %>',
		'<%= config.bin %> <%= command.id %> --json',
	];
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(terminal: Terminal): Promise<Answer> {
		const { flags: chosen } = await this.parse({ flags, baseFlags: OperatorCommand.baseFlags });
		const items = await (await connect(chosen.server)).all('/v1/upstreams', upstream);
		const rows = items.map((each) => [
			each.name,
			each.speaks,
			each.url,
			each.models.join(','),
			each.region ?? '-',
			each.secret ?? '-',
			String(each.position),
		]);
		const heading = ['UPSTREAM', 'SPEAKS', 'URL', 'MODELS', 'REGION', 'SECRET', 'POSITION'];
		return {
			schema: 'tappass.upstream.list/1',
			fields: { items },
			text: listing(terminal, {
				heading,
				rows,
				spare: ['POSITION', 'SECRET', 'REGION', 'URL'],
				wide: chosen.wide,
				empty: 'There is no upstream, so no model can be called. tappass upstream add <name> adds one.',
			}),
		};
	}
}
