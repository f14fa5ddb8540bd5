import type { Command, Interfaces } from '@oclif/core';
import type { Answer, Terminal } from '@tappass/cli-kit';
import { compileOutput, compilePolicy, isRefused } from '@tappass/policy';
import { OperatorCommand } from '../../command.ts';
import { readRequest, requestFlags } from '../../compile-request.ts';
import { printWarnings, refuse } from '../../diagnostics.ts';

/** `tappass policy compile`: from what the levels say to one Compiled Policy, offline. */
export default class PolicyCompile extends OperatorCommand {
	static override summary = 'Compile the policy of one agent, offline.';
	static override description =
		'Prints the Compiled Policy; with --json also the effective pipeline and the reason of each value. It holds no identity: the same input gives the same bytes anywhere. Exit code 2 for a contradiction or a bad file.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %> --org policies/acme-baseline.rego --pack eu-ai-act --function refund_processor',
		'<%= config.bin %> <%= command.id %> --spec collibra-steward --json',
	];
	static override flags: Interfaces.FlagInput = requestFlags;

	protected override async answer(terminal: Terminal): Promise<Answer> {
		const { flags } = await this.parse({ flags: requestFlags, baseFlags: OperatorCommand.baseFlags });
		const result = compilePolicy(await readRequest(flags));
		if (isRefused(result)) refuse(result.diagnostics, 'the policy');
		else {
			printWarnings(terminal, result.warnings);
			const { schema, ...fields } = compileOutput(result);
			return { schema, fields, text: JSON.stringify(result.compiled_policy, null, 2) };
		}
		throw new Error('a refusal without an error');
	}
}
