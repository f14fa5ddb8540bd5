import { Args, type Command, Flags, type Interfaces } from '@oclif/core';
import { type Answer, printable, type Terminal } from '@tappass/cli-kit';
import { OperatorCommand } from '../../command.ts';
import { path } from '../../remote/api-client.ts';
import { connect } from '../../remote/connect.ts';
import { serverFlag } from '../../remote/settings.ts';
import { revocation } from '../../remote/shapes.ts';

const args = { sandbox: Args.string({ required: true, description: 'id, or the name its host gave it' }) };
const flags = {
	server: serverFlag,
	reason: Flags.string({ helpValue: '<text>', description: 'why; the host is told, and it is kept' }),
};

/** `tappass sandbox revoke`: the end of a sandbox. */
export default class SandboxRevoke extends OperatorCommand {
	static override summary = 'Revoke a sandbox for good: its agent is cut off within seconds.';
	static override description =
		'A host that is not connected is cut off when its keyring expires, five minutes later at most. It cannot be undone: make a new sandbox instead.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %> tenant_a',
		'<%= config.bin %> <%= command.id %> tenant_a --reason "laptop was lost"',
	];
	static override args: Interfaces.ArgInput = args;
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(_: Terminal): Promise<Answer> {
		const { args: given, flags: chosen } = await this.parse({ args, flags, baseFlags: OperatorCommand.baseFlags });
		const client = await connect(chosen.server);
		const done = await client.send(
			'POST',
			path`/v1/sandboxes/${given.sandbox}/revoke`,
			revocation,
			chosen.reason === undefined ? {} : { reason: chosen.reason },
		);
		const name = done.id === given.sandbox ? done.id : `${given.sandbox} (${done.id})`;
		return {
			schema: 'tappass.sandbox.revoke/1',
			fields: { ...done },
			text: printable(done.changed ? `${name} is revoked.` : `${name} was revoked before.`),
		};
	}
}
