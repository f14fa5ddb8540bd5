import { Args, type Command, type Interfaces } from '@oclif/core';
import { type Answer, printable, type Terminal } from '@tappass/cli-kit';
import { OperatorCommand } from '../../command.ts';
import { path } from '../../remote/api-client.ts';
import { connect } from '../../remote/connect.ts';
import { serverFlag } from '../../remote/settings.ts';
import { specWithContent } from '../../remote/shapes.ts';

const args = { spec: Args.string({ required: true, description: 'id of a sandbox-spec' }) };
const flags = { server: serverFlag };

/** `tappass sandbox-spec show`: one sandbox-spec with its document. */
export default class SandboxSpecShow extends OperatorCommand {
	static override summary = 'Show a sandbox-spec with its document.';
	static override description = 'The document is printed as it was created; a shipped one as it ships.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %> eu-support-emailer',
		'<%= config.bin %> <%= command.id %> collibra-steward --json',
	];
	static override args: Interfaces.ArgInput = args;
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(_: Terminal): Promise<Answer> {
		const { args: given, flags: chosen } = await this.parse({ args, flags, baseFlags: OperatorCommand.baseFlags });
		const client = await connect(chosen.server);
		const { content, ...found } = await client.get(path`/v1/sandbox-specs/${given.spec}`, specWithContent);
		const document = Buffer.from(content, 'base64').toString('utf8');
		const where = found.project === null ? 'shipped, in no project yet' : `in the project ${found.project}`;
		return {
			schema: 'tappass.sandbox-spec.show/1',
			fields: { ...found, document },
			text: printable(`# ${found.id}: ${where}, agent ${found.agent}\n${document}`),
		};
	}
}
