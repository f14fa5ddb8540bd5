import { Args, type Command, type Interfaces } from '@oclif/core';
import type { Answer, Terminal } from '@tappass/cli-kit';
import { diffPolicies, isRefused, printDiff } from '@tappass/policy';
import { OperatorCommand } from '../../command.ts';
import { readRequest, requestFlags } from '../../compile-request.ts';
import { refuse } from '../../diagnostics.ts';
import { readSource } from '../../sources.ts';

const args = {
	before: Args.string({ required: true, description: 'Rego of the org level, or the --json output of policy compile' }),
	after: Args.string({ required: true, description: 'the same, after the change' }),
};

/** `tappass policy diff`: what got stricter, what got looser. */
export default class PolicyDiff extends OperatorCommand {
	static override summary = 'Say what got stricter and what looser between two policies, per Aspect.';
	static override description =
		'A Rego file is compiled in place of the org level of the request that the flags describe.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %> policies/collibra-steward.rego policies/strict.rego',
		'<%= config.bin %> <%= command.id %> before.json after.json --json',
	];
	static override args: Interfaces.ArgInput = args;
	static override flags: Interfaces.FlagInput = requestFlags;

	protected override async answer(_: Terminal): Promise<Answer> {
		const { args: given, flags } = await this.parse({
			args,
			flags: requestFlags,
			baseFlags: OperatorCommand.baseFlags,
		});
		const [before, after, base] = await Promise.all([
			readSource(given.before),
			readSource(given.after),
			readRequest(flags),
		]);
		const result = diffPolicies(before, after, base);
		if (isRefused(result)) {
			refuse(result.diagnostics, 'the policies');
			throw new Error('a refusal without an error');
		}
		const { schema, ...fields } = result;
		return { schema, fields, text: printDiff(result) };
	}
}
