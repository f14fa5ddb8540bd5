import { type Answer, type Terminal, table } from '@tappass/cli-kit';
import { targets } from '@tappass/providers';
import { OperatorCommand } from '../../command.ts';
import { readLibrary } from '../../compile-request.ts';

/** `tappass runtime list`: the ready Runtimes, and the targets to make one from. */
export default class RuntimeList extends OperatorCommand {
	static override summary = 'List the ready Runtimes, and the targets that a Runtime can name.';

	protected override async answer(terminal: Terminal): Promise<Answer> {
		const library = await readLibrary(undefined);
		const runtimes = [...library.runtimes.values()].map(({ value }) => value).sort((a, b) => (a.id < b.id ? -1 : 1));
		const known = targets.map(({ name, position, aspects, checked_against }) => ({
			name,
			position,
			aspects,
			checked_against,
		}));
		const rows = runtimes.map(({ id, rings, description }) => [
			id,
			rings.harness ?? '-',
			rings.kernel ?? '-',
			rings.interpreter ?? '-',
			description ?? '',
		]);
		const text = [
			table([['RUNTIME', 'HARNESS', 'KERNEL', 'INTERPRETER', 'DESCRIPTION'], ...rows], terminal.style),
			'',
			table(
				[
					['TARGET', 'POSITION', 'ASPECTS', 'CHECKED AGAINST'],
					...known.map((one) => [one.name, one.position, one.aspects.join(', '), one.checked_against.join(', ')]),
				],
				terminal.style,
			),
		].join('\n');
		return { schema: 'tappass.runtime.list/1', fields: { runtimes, targets: known }, text };
	}
}
