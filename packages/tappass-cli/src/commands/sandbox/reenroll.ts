import { Args, type Command, type Interfaces } from '@oclif/core';
import { type Answer, note, printable, type Terminal } from '@tappass/cli-kit';
import { OperatorCommand } from '../../command.ts';
import { path } from '../../remote/api-client.ts';
import { connect } from '../../remote/connect.ts';
import { serverFlag } from '../../remote/settings.ts';
import { reenrolment } from '../../remote/shapes.ts';

const args = { sandbox: Args.string({ required: true, description: 'id, or the name its host gave it' }) };
const flags = { server: serverFlag };

/** `tappass sandbox reenroll`: a new URL for a sandbox whose host lost its certificate, or that moves to another host. */
export default class SandboxReenroll extends OperatorCommand {
	static override summary = 'Print a single-use URL that enrols a sandbox anew, on the same host or on another one.';
	static override description =
		'For a host whose certificate ended while it was off, and for a sandbox that moves. Nothing changes until the URL is redeemed; then every certificate of before is void. The URL lives for 15 minutes and is shown only here. On the same host: tappass-host init <name> --replace --enroll-url <url>. A sandbox that was revoked stays so: make another one, which can have its name.';
	static override examples: Command.Example[] = ['<%= config.bin %> <%= command.id %> tenant_a'];
	static override args: Interfaces.ArgInput = args;
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(terminal: Terminal): Promise<Answer> {
		const { args: given, flags: chosen } = await this.parse({ args, flags, baseFlags: OperatorCommand.baseFlags });
		const client = await connect(chosen.server);
		const made = await client.send('POST', path`/v1/sandboxes/${given.sandbox}/bootstrap`, reenrolment, {});
		const name = made.name ?? made.sandbox_id;
		note(terminal, 'note', `it enrols ${name} once, until ${made.expires_at}; the host of before is left behind then`);
		return { schema: 'tappass.sandbox.reenroll/1', fields: { ...made }, text: printable(made.url) };
	}
}
