import { type Command, Flags, type Interfaces } from '@oclif/core';
import type { Answer, Terminal } from '@tappass/cli-kit';
import { OperatorCommand } from '../../command.ts';
import { connect } from '../../remote/connect.ts';
import { serverFlag } from '../../remote/settings.ts';
import { key } from '../../remote/shapes.ts';
import { listing, shortMoment, wideFlag } from '../../views/listing.ts';

const flags = {
	server: serverFlag,
	wide: wideFlag,
	all: Flags.boolean({ description: 'keys of everyone; for org admins' }),
};

/** `tappass key list`: API keys, without what would let anyone use them. */
export default class KeyList extends OperatorCommand {
	static override summary = 'List your API keys, or those of everyone.';
	static override description = 'A key itself was shown once, when it was made; here are its last four characters.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %>',
		'<%= config.bin %> <%= command.id %> --all --json',
	];
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(terminal: Terminal): Promise<Answer> {
		const { flags: chosen } = await this.parse({ flags, baseFlags: OperatorCommand.baseFlags });
		const client = await connect(chosen.server);
		const items = await client.all('/v1/keys', key, chosen.all ? { all: 'true' } : {});
		const now = Date.now();
		const rows = items.map((each) => [
			each.id,
			each.name,
			`…${each.ending}`,
			each.revoked_at !== null ? 'revoked' : Date.parse(each.expires_at) <= now ? 'expired' : 'active',
			each.scopes.join(','),
			shortMoment(each.expires_at),
			each.last_used_at === null ? 'never' : shortMoment(each.last_used_at),
			...(chosen.all ? [each.user_id] : []),
		]);
		const heading = ['KEY', 'NAME', 'ENDING', 'STATE', 'SCOPES', 'EXPIRES', 'USED', ...(chosen.all ? ['USER'] : [])];
		return {
			schema: 'tappass.key.list/1',
			fields: { items },
			text: listing(terminal, {
				heading,
				rows,
				spare: ['USED', 'EXPIRES', 'ENDING', 'USER'],
				wide: chosen.wide,
				empty: 'No key is active or was. tappass key create <name> makes one.',
			}),
		};
	}
}
