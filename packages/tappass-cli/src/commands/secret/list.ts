import type { Command, Interfaces } from '@oclif/core';
import type { Answer, Terminal } from '@tappass/cli-kit';
import { OperatorCommand } from '../../command.ts';
import { connect } from '../../remote/connect.ts';
import { secret } from '../../remote/gateway-shapes.ts';
import { serverFlag } from '../../remote/settings.ts';
import { listing, shortMoment, wideFlag } from '../../views/listing.ts';

const flags = { server: serverFlag, wide: wideFlag };

/** `tappass secret list`: what is in the vault, by name. */
export default class SecretList extends OperatorCommand {
	static override summary = 'List the names in the vault, and what uses each.';
	static override description = 'What a secret is, is never told.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %>',
		'<%= config.bin %> <%= command.id %> --json',
	];
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(terminal: Terminal): Promise<Answer> {
		const { flags: chosen } = await this.parse({ flags, baseFlags: OperatorCommand.baseFlags });
		const items = await (await connect(chosen.server)).all('/v1/secrets', secret);
		const rows = items.map((each) => [
			each.name,
			each.used_by.join(', ') || '-',
			each.created_by,
			shortMoment(each.created_at),
		]);
		return {
			schema: 'tappass.secret.list/1',
			fields: { items },
			text: listing(terminal, {
				heading: ['SECRET', 'USED BY', 'PUT BY', 'AT'],
				rows,
				spare: ['AT', 'PUT BY'],
				wide: chosen.wide,
				empty: 'The vault is empty. tappass secret put <name> puts a secret into it.',
			}),
		};
	}
}
