import type { Command, Interfaces } from '@oclif/core';
import type { Answer, Terminal } from '@tappass/cli-kit';
import { OperatorCommand } from '../../command.ts';
import { connect } from '../../remote/connect.ts';
import { placeName } from '../../remote/place.ts';
import { serverFlag } from '../../remote/settings.ts';
import { page, spec } from '../../remote/shapes.ts';
import { listing, wideFlag } from '../../views/listing.ts';

const flags = { server: serverFlag, wide: wideFlag };

/** `tappass sandbox-spec list`: what sandboxes can be made of. */
export default class SandboxSpecList extends OperatorCommand {
	static override summary = 'List the sandbox-specs: those of the org, and shipped ones that are ready to use.';
	static override description = 'A shipped one belongs to no project until it is created in one.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %>',
		'<%= config.bin %> <%= command.id %> --json',
	];
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(terminal: Terminal): Promise<Answer> {
		const { flags: chosen } = await this.parse({ flags, baseFlags: OperatorCommand.baseFlags });
		const { items } = await (await connect(chosen.server)).get('/v1/sandbox-specs', page(spec));
		const rows = items.map(({ id, project, agent, runtime, function: of, description }) => [
			id,
			project === null ? 'shipped' : placeName({ project, agent }),
			runtime,
			of ?? '-',
			description ?? '',
		]);
		return {
			schema: 'tappass.sandbox-spec.list/1',
			fields: { items },
			text: listing(terminal, {
				heading: ['SPEC', 'PLACE', 'RUNTIME', 'FUNCTION', 'DESCRIPTION'],
				rows,
				spare: ['DESCRIPTION', 'FUNCTION', 'RUNTIME'],
				wide: chosen.wide,
				empty: 'There is no sandbox-spec that you may see.',
			}),
		};
	}
}
