import { Args, type Command, Flags, type Interfaces } from '@oclif/core';
import type { Answer, Terminal } from '@tappass/cli-kit';
import { type TestReport, testPolicies } from '@tappass/policy';
import { OperatorCommand } from '../../command.ts';
import { refuse } from '../../diagnostics.ts';
import { readSources } from '../../sources.ts';

const args = { path: Args.string({ required: true, description: 'file or directory; several may be given' }) };

const flags = {
	coverage: Flags.boolean({ description: 'say which expressions of the policies no test saw hold' }),
	'coverage-min': Flags.integer({
		min: 0,
		max: 100,
		helpValue: '<percent>',
		description: 'exit code 1 when coverage is less',
	}),
};

/** `tappass policy test`: runs the `test_` rules of Rego files. */
export default class PolicyTest extends OperatorCommand {
	static override summary = 'Run the test_ rules of Rego files.';
	static override description =
		'Each a_test.rego runs with the a.rego beside it; in a Pack, with all of its rules. Exit code 1 when a test fails, or when there is none.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %> policies/',
		'<%= config.bin %> <%= command.id %> --coverage-min 90 policies/',
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
		const least = chosen['coverage-min'];
		const coverage = chosen.coverage || least !== undefined;
		const report = testPolicies(await readSources(argv as string[]), { coverage });
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
		const isCovered = least === undefined || report.coverage!.percent >= least;
		const exit = report.failed > 0 || report.tests.length === 0 || !isCovered ? 1 : 0;
		const sum = exit === 0 ? green(total) : total;
		return { schema, fields, text: [...lines, ...none, sum, ...coverageLines(report, least)].join('\n'), exit };
	}
}

function coverageLines({ coverage }: TestReport, least: number | undefined): readonly string[] {
	if (coverage === undefined) return [];
	const { percent, expressions, files } = coverage;
	const below = least !== undefined && percent < least ? `, less than ${least} %` : '';
	return [
		...files.flatMap(({ file, uncovered }) =>
			uncovered.map(({ row, col, text }) => `not covered  ${file}:${row}:${col}: ${text}`),
		),
		`coverage ${percent} % (${expressions.covered} of ${expressions.total} expressions)${below}`,
	];
}

function indent(text: string): string {
	return text.replace(/^/gm, '    ');
}
