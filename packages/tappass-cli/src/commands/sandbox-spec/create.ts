import { Args, type Command, Flags, type Interfaces } from '@oclif/core';
import { type Answer, printable, type Terminal } from '@tappass/cli-kit';
import { OperatorCommand } from '../../command.ts';
import { specFile } from '../../compile-request.ts';
import { count } from '../../diagnostics.ts';
import { encodeFile } from '../../remote/base64-file.ts';
import { connect } from '../../remote/connect.ts';
import { withProgress } from '../../remote/follow.ts';
import { serverFlag } from '../../remote/settings.ts';
import { createdSpec } from '../../remote/shapes.ts';

const args = { spec: Args.string({ required: true, description: 'sandbox-spec, a file or the id of a shipped one' }) };
const flags = {
	server: serverFlag,
	project: Flags.string({
		required: true,
		env: 'TAPPASS_PROJECT',
		helpValue: '<name>',
		description: 'project that its agent belongs to',
	}),
};

/** `tappass sandbox-spec create`: binds a sandbox-spec to a project. */
export default class SandboxSpecCreate extends OperatorCommand {
	static override summary = 'Create a sandbox-spec in a project, from a file or from a shipped one.';
	static override description =
		'It is stored only when it compiles below the floors of the org and the project. One of the same id in the same project is replaced, and its sandboxes are derived anew.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %> eu-support-emailer --project eu-team',
		'<%= config.bin %> <%= command.id %> my-agent.yaml --project eu-team',
	];
	static override args: Interfaces.ArgInput = args;
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(terminal: Terminal): Promise<Answer> {
		const { args: given, flags: chosen } = await this.parse({ args, flags, baseFlags: OperatorCommand.baseFlags });
		const source = await readSpec(given.spec);
		const client = await connect(chosen.server);
		const done = await withProgress(terminal, client, 'creating', () =>
			client.send('POST', '/v1/sandbox-specs', createdSpec, { project: chosen.project, ...source }),
		);
		const lines = [`${done.id} is in the project ${done.project}, agent ${done.agent}.`];
		if (done.created_project !== null) lines.push(`The project ${done.created_project} is new.`);
		if (done.stale > 0) lines.push(`${count(done.signed, 'new statement')} signed.`);
		return {
			schema: 'tappass.sandbox-spec.create/1',
			fields: { ...done },
			text: printable(lines.join('\n')),
			exit: done.failed > 0 ? 1 : 0,
		};
	}
}

async function readSpec(name: string): Promise<object> {
	if (/^[a-z0-9_-]+$/.test(name)) return { shipped: name };
	const { spec: document, specFiles } = await specFile(name);
	return { document: encodeFile(document), files: specFiles.map(encodeFile) };
}
