import type { Command, Interfaces } from '@oclif/core';
import { type Answer, printable, type Terminal } from '@tappass/cli-kit';
import { OperatorCommand } from '../command.ts';
import { connect } from '../remote/connect.ts';
import { placeName } from '../remote/place.ts';
import { serverFlag } from '../remote/settings.ts';
import { whoami } from '../remote/shapes.ts';

const flags = { server: serverFlag };

/** `tappass whoami`: who the server takes you for. */
export default class Whoami extends OperatorCommand {
	static override summary = 'Say who you are to the server, your roles, and what your key is limited to.';
	static override description = 'Asks the server; exit code 4 when it does not take your key.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %>',
		'<%= config.bin %> <%= command.id %> --json',
	];
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(_: Terminal): Promise<Answer> {
		const { flags: chosen } = await this.parse({ flags, baseFlags: OperatorCommand.baseFlags });
		const client = await connect(chosen.server);
		const who = await client.get('/v1/whoami', whoami);
		const roles = who.memberships.map((each) => `  ${each.role} at ${placeName(each)}`);
		const text = [
			`${who.email} at ${client.server} (${who.org_id})`,
			...(roles.length === 0 ? ['  no role'] : roles),
			`Key ${who.key_id}: ${who.scopes.includes('*') ? 'not limited' : `limited to ${who.scopes.join(', ')}`}`,
		];
		return { schema: 'tappass.whoami/1', fields: { server: client.server, ...who }, text: printable(text.join('\n')) };
	}
}
