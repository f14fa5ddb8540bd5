import { Args, type Command, Flags, type Interfaces } from '@oclif/core';
import type { Answer, Terminal } from '@tappass/cli-kit';
import { checkPolicies } from '@tappass/policy';
import { OperatorCommand } from '../../command.ts';
import { count, printWarnings, refuse } from '../../diagnostics.ts';
import { readShipped, readSources } from '../../sources.ts';

const args = { path: Args.string({ required: true, description: 'file or directory; several may be given' }) };
const flags = { together: Flags.boolean({ description: 'the Rego files are one level: check them as one program' }) };

/** `tappass policy check`: everything that is wrong with policy files, in one run. */
export default class PolicyCheck extends OperatorCommand {
	static override summary = 'Check policy files: Rego, functions, concerns, catalogs, Packs.';
	static override description = 'Reports every fault with file, row and column. Exit code 2 when there is an error.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %> policies/',
		'<%= config.bin %> <%= command.id %> org.rego project.rego --json',
	];
	static override args: Interfaces.ArgInput = args;
	static override flags: Interfaces.FlagInput = flags;
	static override strict = false;

	protected override async answer(terminal: Terminal): Promise<Answer> {
		const { argv, flags: chosen } = await this.parse({
			args,
			flags,
			baseFlags: OperatorCommand.baseFlags,
			strict: false,
		});
		const [files, shipped] = await Promise.all([readSources(argv as string[]), readShipped()]);
		const report = checkPolicies(files, shipped, chosen.together);
		refuse(report.diagnostics, count(report.files, 'file'));
		printWarnings(terminal, report.diagnostics);
		const { schema, ...fields } = report;
		return {
			schema,
			fields,
			text: `${count(report.files, 'file')} checked, ${count(report.warnings, 'warning')}, no errors.`,
		};
	}
}
