import { Args, type Command, type Interfaces } from '@oclif/core';
import { type Answer, type Terminal, table } from '@tappass/cli-kit';
import { OperatorCommand } from '../../command.ts';
import { path } from '../../remote/api-client.ts';
import { connect } from '../../remote/connect.ts';
import { placeName } from '../../remote/place.ts';
import { serverFlag } from '../../remote/settings.ts';
import { sandbox } from '../../remote/shapes.ts';
import { loadedText } from '../../views/sandbox.ts';

const args = { sandbox: Args.string({ required: true, description: 'id, or the name its host gave it' }) };
const flags = { server: serverFlag };

/** `tappass sandbox show`: one sandbox. */
export default class SandboxShow extends OperatorCommand {
	static override summary = 'Show a sandbox: where it stands, what is signed for it and what is loaded.';
	static override description = 'Says too why it is revoked or locked, and why its policy does not compile.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %> tenant_a',
		'<%= config.bin %> <%= command.id %> tenant_a --json',
	];
	static override args: Interfaces.ArgInput = args;
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(terminal: Terminal): Promise<Answer> {
		const { args: given, flags: chosen } = await this.parse({ args, flags, baseFlags: OperatorCommand.baseFlags });
		const found = await (await connect(chosen.server)).get(path`/v1/sandboxes/${given.sandbox}`, sandbox);
		const rows: readonly (readonly [string, string | null])[] = [
			['name', found.name],
			['state', found.state],
			['reason', found.state_reason],
			['spec', found.spec],
			['place', placeName(found)],
			['runtime', found.runtime],
			['epoch', String(found.epoch)],
			['wanted', String(found.policy_version)],
			['loaded', loadedText(found)],
			['reported', found.reported_at],
			['fault', found.compile_error],
			['made', found.created_at],
			['revoked', found.revoked_at],
		];
		const shown = rows.flatMap(([name, value]) => (value === null ? [] : [[name, value]]));
		return {
			schema: 'tappass.sandbox.show/1',
			fields: { ...found },
			text: table([['sandbox', found.id], ...shown], terminal.style),
		};
	}
}
