import { Args, type Command, type Interfaces } from '@oclif/core';
import type { Answer, Terminal } from '@tappass/cli-kit';
import { TapPassError } from '@tappass/core';
import { explainPolicy, isRefused, printExplained } from '@tappass/policy';
import { OperatorCommand } from '../../command.ts';
import { readRequest, requestFlags } from '../../compile-request.ts';
import { refuse } from '../../diagnostics.ts';

const args = {
	pointer: Args.string({
		required: true,
		description: 'JSON pointer into what compile prints: /steps/detect_pii, /tools/allow, /budget/tokens_per_day',
	}),
};

/** `tappass policy explain`: why a value is what it is, back to the person. */
export default class PolicyExplain extends OperatorCommand {
	static override summary = 'Say why a value is what it is, back to the person who caused it.';
	static override description =
		'Prints the trail of one value: concern, category, function or Pack, file and line, who and when.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %> /steps/detect_pii --pack eu-ai-act --function refund_processor',
	];
	static override args: Interfaces.ArgInput = args;
	static override flags: Interfaces.FlagInput = requestFlags;

	protected override async answer(_: Terminal): Promise<Answer> {
		const { args: given, flags } = await this.parse({
			args,
			flags: requestFlags,
			baseFlags: OperatorCommand.baseFlags,
		});
		const result = explainPolicy(await readRequest(flags), given.pointer);
		if (isRefused(result)) {
			const [first] = result.diagnostics;
			if (first?.code === 'not_found')
				throw new TapPassError('not_found', {
					detail: `${given.pointer}: ${first.message}`,
					...(first.hint === undefined ? {} : { hint: first.hint }),
				});
			refuse(result.diagnostics, 'the policy');
			throw new Error('a refusal without an error');
		}
		return { schema: result.schema, fields: { trails: result.trails }, text: printExplained(result.trails) };
	}
}
