import { type Command, Flags, type Interfaces } from '@oclif/core';
import type { Answer, Terminal } from '@tappass/cli-kit';
import { OperatorCommand } from '../../command.ts';
import { connect } from '../../remote/connect.ts';
import { placeName } from '../../remote/place.ts';
import { serverFlag } from '../../remote/settings.ts';
import { sandbox } from '../../remote/shapes.ts';
import { listing, wideFlag } from '../../views/listing.ts';
import { loadedText } from '../../views/sandbox.ts';

const flags = {
	server: serverFlag,
	wide: wideFlag,
	spec: Flags.string({ helpValue: '<id>', description: 'only sandboxes of this spec' }),
	project: Flags.string({ helpValue: '<name>', description: 'only sandboxes of this project' }),
};

/** `tappass sandbox list`: the fleet. */
export default class SandboxList extends OperatorCommand {
	static override summary = 'List the sandboxes you may see: their state, and what their hosts have loaded.';
	static override description =
		'WANTED is the newest signed version, LOADED what the host last said it enforces; they differ while a change is on its way.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %>',
		'<%= config.bin %> <%= command.id %> --project eu-team --json',
	];
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(terminal: Terminal): Promise<Answer> {
		const { flags: chosen } = await this.parse({ flags, baseFlags: OperatorCommand.baseFlags });
		const all = await (await connect(chosen.server)).all('/v1/sandboxes', sandbox);
		const items = all.filter(
			({ spec, project }) => spec === (chosen.spec ?? spec) && project === (chosen.project ?? project),
		);
		const rows = items.map((each) => [
			each.id,
			each.name ?? '-',
			// Where the note has no room a fault must still be seen.
			each.compile_error === null ? each.state : `${each.state}, faulty`,
			each.spec,
			placeName(each),
			String(each.policy_version),
			loadedText(each),
			each.compile_error ?? each.state_reason ?? '',
		]);
		return {
			schema: 'tappass.sandbox.list/1',
			fields: { items },
			text: listing(terminal, {
				heading: ['SANDBOX', 'NAME', 'STATE', 'SPEC', 'PLACE', 'WANTED', 'LOADED', 'NOTE'],
				rows,
				spare: ['SPEC', 'NOTE', 'PLACE'],
				wide: chosen.wide,
				empty:
					all.length === 0
						? 'There is no sandbox yet. tappass sandbox-spec emit-bootstrap <spec> makes one.'
						: 'There is no such sandbox. tappass sandbox list lists all of them.',
			}),
		};
	}
}
