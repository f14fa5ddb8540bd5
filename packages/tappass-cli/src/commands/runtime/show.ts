import { Args, type Interfaces } from '@oclif/core';
import type { Answer, Terminal } from '@tappass/cli-kit';
import { OperatorCommand } from '../../command.ts';
import { readLibrary } from '../../compile-request.ts';
import { findRuntime } from '../../find-runtime.ts';

const args = { runtime: Args.string({ required: true, description: 'id of a ready Runtime' }) };

/** `tappass runtime show`: one ready Runtime. */
export default class RuntimeShow extends OperatorCommand {
	static override summary = 'Show a ready Runtime.';
	static override args: Interfaces.ArgInput = args;

	protected override async answer(_: Terminal): Promise<Answer> {
		const { args: given } = await this.parse({ args, baseFlags: OperatorCommand.baseFlags });
		const runtime = findRuntime(await readLibrary(undefined), given.runtime);
		return { schema: 'tappass.runtime.show/1', fields: { runtime }, text: JSON.stringify(runtime, null, 2) };
	}
}
