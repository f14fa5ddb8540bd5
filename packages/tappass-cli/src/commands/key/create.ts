import { Args, type Command, Flags, type Interfaces } from '@oclif/core';
import { type Answer, note, printable, type Terminal, writeFileAtomic } from '@tappass/cli-kit';
import { OperatorCommand } from '../../command.ts';
import { refuseExisting } from '../../new-file.ts';
import { path } from '../../remote/api-client.ts';
import { connect } from '../../remote/connect.ts';
import { serverFlag } from '../../remote/settings.ts';
import { createdKey, withId } from '../../remote/shapes.ts';

const args = { name: Args.string({ required: true, description: 'what the key is for' }) };
const flags = {
	server: serverFlag,
	scope: Flags.string({
		multiple: true,
		required: true,
		helpValue: '<action>',
		description: 'what the key is limited to: policy.apply, policy.*, or * for all that its user may; may be repeated',
	}),
	days: Flags.integer({ default: 90, min: 1, max: 365, helpValue: '<n>', description: 'days until it expires' }),
	user: Flags.string({ helpValue: '<address>', description: 'for somebody else; for org admins' }),
	out: Flags.string({
		helpValue: '<file>',
		description: 'write the key into this file, for its owner alone, and do not print it',
	}),
};

/** `tappass key create`: a new API key. */
export default class KeyCreate extends OperatorCommand {
	static override summary = 'Make an API key, for yourself or for somebody else.';
	static override description =
		'The key is shown here and never again. It can do no more than its user may, and no more than the key that makes it. At most ten are active for one user.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %> ci --scope policy.apply --scope policy.read --days 30 --out ci.key',
		'<%= config.bin %> <%= command.id %> laptop --scope "*" --user grace@acme.example --out grace.key',
	];
	static override args: Interfaces.ArgInput = args;
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(terminal: Terminal): Promise<Answer> {
		const { args: given, flags: chosen } = await this.parse({ args, flags, baseFlags: OperatorCommand.baseFlags });
		if (chosen.out !== undefined) refuseExisting(chosen.out, 'a key is not written over: name another file');
		const client = await connect(chosen.server);
		const { key, ...rest } = await client.send('POST', '/v1/keys', createdKey, {
			name: given.name,
			scopes: chosen.scope,
			days: chosen.days,
			...(chosen.user === undefined ? {} : { user: chosen.user }),
		});
		const tell = (): void =>
			note(terminal, 'note', `key ${rest.id} expires ${rest.expires_at}; tappass key revoke ${rest.id} ends it before`);
		const { out } = chosen;
		if (out === undefined) {
			tell();
			return { schema: 'tappass.key.create/1', fields: { ...rest, key }, text: printable(key) };
		}
		try {
			await writeFileAtomic(out, `${key}\n`, { mode: 0o600 });
		} catch (error) {
			// Nobody has seen it, so nobody could use it or would think of revoking it.
			await client.send('DELETE', path`/v1/keys/${rest.id}`, withId).catch(() => {
				// What went wrong first is told below; this is what is left to do.
				note(terminal, 'warning', `the key ${rest.id} could not be revoked: tappass key revoke ${rest.id}`);
			});
			throw error;
		}
		tell();
		return {
			schema: 'tappass.key.create/1',
			fields: { ...rest, file: out },
			text: printable(`Wrote the key to ${out}.`),
		};
	}
}
