import { Args, type Command, type Interfaces } from '@oclif/core';
import { type Answer, type Terminal, table } from '@tappass/cli-kit';
import { nearest, TapPassError } from '@tappass/core';
import { listPacks, showPack } from '@tappass/policy';
import { OperatorCommand } from '../../command.ts';
import { readLibrary, requestFlags } from '../../compile-request.ts';

const args = { pack: Args.string({ required: true, description: 'id or alias' }) };
const flags = { library: requestFlags.library };

/** `tappass pack show`: one Pack, clause by clause, with what it does not cover. */
export default class PackShow extends OperatorCommand {
	static override summary = 'Show a Pack: clauses, rules, evidence, and what it does not cover.';
	static override description = 'The clause table says which rule stands for which clause, and what is left to people.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %> eu-ai-act',
		'<%= config.bin %> <%= command.id %> gdpr --json',
	];
	static override args: Interfaces.ArgInput = args;
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(terminal: Terminal): Promise<Answer> {
		const { args: given, flags: chosen } = await this.parse({ args, flags, baseFlags: OperatorCommand.baseFlags });
		const library = await readLibrary(chosen.library);
		const view = showPack(library, given.pack);
		if (view === undefined) {
			const near = nearest(
				given.pack,
				listPacks(library).packs.flatMap((pack) => [pack.id, ...pack.aliases]),
			);
			throw new TapPassError('not_found', {
				detail: `there is no Pack ${JSON.stringify(given.pack)}`,
				hint: near === undefined ? 'tappass pack list lists them' : `did you mean ${near}?`,
			});
		}
		const { schema, ...fields } = view;
		const { pack } = view;
		const { bold } = terminal.style;
		const clauses = table(
			[['CLAUSE', 'COVERED', 'TITLE'], ...pack.clauses.map((clause) => [clause.clause, clause.covered, clause.title])],
			terminal.style,
		);
		const text = [
			`${bold(`${pack.id}@${pack.version}`)}  ${pack.title}`,
			`${pack.regulation.name}, ${pack.regulation.edition}: ${pack.regulation.source}`,
			'',
			clauses,
			'',
			bold('Not covered'),
			...pack.not_covered.map(({ clause, reason }) => `- ${clause}: ${reason}`),
		].join('\n');
		return { schema, fields, text };
	}
}
