import type { Command, Interfaces } from '@oclif/core';
import { type Answer, note, type Terminal } from '@tappass/cli-kit';
import { OperatorCommand } from '../command.ts';
import { keepToken, readCredentials, writeCredentials } from '../remote/credentials.ts';
import { chooseServer, serverFlag } from '../remote/settings.ts';

const flags = { server: serverFlag };

/** `tappass logout`: forgets the key for a server. */
export default class Logout extends OperatorCommand {
	static override summary = 'Forget the key for a server, and its token.';
	static override description =
		'The key itself stays valid until it expires or is revoked; revoke it with tappass key revoke before, if it may have been seen.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %>',
		'<%= config.bin %> <%= command.id %> --server https://tappass.acme.example',
	];
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(terminal: Terminal): Promise<Answer> {
		const { flags: chosen } = await this.parse({ flags, baseFlags: OperatorCommand.baseFlags });
		const held = await readCredentials();
		const { url } = await chooseServer(chosen.server, held.current ?? undefined);
		const { [url]: mine, ...servers } = held.servers;
		if (mine !== undefined) {
			await writeCredentials({ ...held, servers, current: held.current === url ? null : held.current });
			await keepToken(url, mine.key, null, Date.now());
		}
		if (process.env['TAPPASS_API_KEY'] || process.env['TAPPASS_KEY_FILE'])
			note(terminal, 'warning', 'the environment still gives commands a key');
		return {
			schema: 'tappass.logout/1',
			fields: { server: url, signed_out: mine !== undefined },
			text: mine === undefined ? `You were not signed in to ${url}.` : `Signed out of ${url}.`,
		};
	}
}
