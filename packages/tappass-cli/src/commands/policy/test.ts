import { Args, type Command, type Interfaces } from '@oclif/core';
import type { Answer, Terminal } from '@tappass/cli-kit';
import { testPolicies } from '@tappass/policy';
import { OperatorCommand } from '../../command.ts';
import { refuse } from '../../diagnostics.ts';
import { readSources } from '../../sources.ts';

const args = { path: Args.string({ required: true, description: 'file or directory; several may be given' }) };

/** `tappass policy test`: runs the `test_` rules of Rego files. */
export default class PolicyTest extends OperatorCommand {
	static override summary = 'Run the test_ rules of Rego files.';
	static override description =
		'Each a_test.rego runs with the a.rego beside it; in a Pack, with all of its rules. Exit code 1 when a test fails, or when there is none.';
	static override examples: Command.Example[] = ['<%= config.bin %> <%= command.id %> policies/'];
	static override args: Interfaces.ArgInput = args;
	static override strict = false;

	protected override async answer(terminal: Terminal): Promise<Answer> {
		const { argv } = await this.parse({ args, baseFlags: OperatorCommand.baseFlags, strict: false });
		const report = testPolicies(await readSources(argv as string[]));
		refuse(report.diagnostics, 'the tests');
		const { green, red } = terminal.style;
		const told = report.tests.filter(({ outcome }) => outcome !== 'pass');
		const lines = told.map(
			(one) =>
				`${one.outcome === 'todo' ? 'todo' : red(one.outcome)} ${one.name} (${one.file}:${one.row})${one.message === undefined ? '' : `\n${indent(one.message)}`}`,
		);
		const none = report.tests.length === 0 ? ['There are no tests here.'] : [];
		const total = `${report.passed} passed, ${report.failed} failed`;
		const { schema, ...fields } = report;
		const exit = report.failed > 0 || report.tests.length === 0 ? 1 : 0;
		return { schema, fields, text: [...lines, ...none, exit === 0 ? green(total) : total].join('\n'), exit };
	}
}

function indent(text: string): string {
	return text.replace(/^/gm, '    ');
}
