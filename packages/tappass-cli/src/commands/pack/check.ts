import { Args, type Command, type Interfaces } from '@oclif/core';
import type { Answer, Terminal } from '@tappass/cli-kit';
import { checkPack, type PackReport } from '@tappass/policy';
import { OperatorCommand } from '../../command.ts';
import { printWarnings, refuse } from '../../diagnostics.ts';
import { readShipped, readSources } from '../../sources.ts';

const args = { folder: Args.string({ required: true, description: 'folder of the Pack; several may be given' }) };

/** `tappass pack check`: shape, references, tests and cases of a Pack. */
export default class PackCheck extends OperatorCommand {
	static override summary = 'Check a Pack whole: shape, references, Rego tests, allowed and denied cases.';
	static override description = 'Exit code 2 when a file has an error, 1 when a test or a case fails.';
	static override examples: Command.Example[] = ['<%= config.bin %> <%= command.id %> packs/gdpr'];
	static override args: Interfaces.ArgInput = args;
	static override strict = false;

	protected override async answer(terminal: Terminal): Promise<Answer> {
		const { argv } = await this.parse({ args, baseFlags: OperatorCommand.baseFlags, strict: false });
		const shipped = await readShipped();
		const reports: PackReport[] = [];
		for (const folder of argv as string[]) {
			const report = checkPack(await readSources([folder.replace(/\/+$/, '')]), shipped);
			refuse(report.diagnostics, folder);
			printWarnings(terminal, report.diagnostics);
			if ('pack' in report) reports.push(report);
		}
		const passed = reports.length > 0 && reports.every((report) => report.passed);
		return {
			schema: 'tappass.pack.check/1',
			fields: { passed, packs: reports.map(({ schema: _, ...report }) => report) },
			text: reports.flatMap(describe).join('\n'),
			exit: passed ? 0 : 1,
		};

		function describe(report: PackReport): readonly string[] {
			const { red, green } = terminal.style;
			const tests = report.tests.tests
				.filter(({ outcome }) => outcome === 'fail' || outcome === 'error')
				.map(
					(one) =>
						`  ${red('test failed')}  ${one.name} (${one.file}:${one.row})${one.message === undefined ? '' : `: ${one.message}`}`,
				);
			const cases = report.cases
				.filter((one) => !one.passed)
				.map(
					(one) =>
						`  ${red('case failed')}  ${one.name} (${one.file}:${one.row}): expected ${one.expected}, found ${one.found}`,
				);
			const { full, partial, none, not_covered } = report.coverage;
			const state = report.passed ? green('passes') : red('fails');
			return [
				`${report.pack}@${report.version} ${state}: ${report.tests.passed} tests and ${report.cases.filter((one) => one.passed).length} cases passed, ${tests.length} and ${cases.length} failed`,
				...tests,
				...cases,
				`  clauses: ${full} covered, ${partial} in part, ${none} not; ${not_covered} things named as not covered`,
			];
		}
	}
}
