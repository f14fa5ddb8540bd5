import { Args, type Command, Flags, type Interfaces } from '@oclif/core';
import { type Answer, printable, type Terminal } from '@tappass/cli-kit';
import { OperatorCommand } from '../../command.ts';
import { path } from '../../remote/api-client.ts';
import { connect } from '../../remote/connect.ts';
import { putSecret } from '../../remote/gateway-shapes.ts';
import { readSecret } from '../../remote/secret-input.ts';
import { serverFlag } from '../../remote/settings.ts';

const args = { name: Args.string({ required: true, description: 'name in the vault: letters, digits, _, . and -' }) };
const flags = {
	server: serverFlag,
	file: Flags.string({
		default: '-',
		helpValue: '<file>',
		description: 'read it from this file; - for standard input',
	}),
};

/** `tappass secret put`: a secret that upstreams and MCP servers are called with. */
export default class SecretPut extends OperatorCommand {
	static override summary = 'Put a secret into the vault, in place of an older one of its name.';
	static override description =
		'It is sealed by the key of the org, used as vault://name by upstreams and MCP servers, and never read back: no command prints it, no agent sees it. What uses it uses the new one from the next call on.';
	static override examples: Command.Example[] = [
		'pass show collibra | <%= config.bin %> <%= command.id %> collibra',
		'<%= config.bin %> <%= command.id %> collibra --file collibra.token',
	];
	static override args: Interfaces.ArgInput = args;
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(_: Terminal): Promise<Answer> {
		const { args: given, flags: chosen } = await this.parse({ args, flags, baseFlags: OperatorCommand.baseFlags });
		const client = await connect(chosen.server);
		const value = await readSecret(chosen.file);
		const done = await client.send('PUT', path`/v1/secrets/${given.name}`, putSecret, { value });
		const users = done.used_by.length === 0 ? '' : `; used by ${done.used_by.join(', ')}`;
		return {
			schema: 'tappass.secret.put/1',
			fields: { ...done },
			text: printable(`${done.replaced ? 'Replaced' : 'Put'} vault://${done.name}${users}.`),
		};
	}
}
