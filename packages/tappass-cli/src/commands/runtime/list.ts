import { type Command, Flags, type Interfaces } from '@oclif/core';
import { type Answer, type Terminal, table } from '@tappass/cli-kit';
import { targets } from '@tappass/providers';
import { OperatorCommand } from '../../command.ts';
import { readLibrary } from '../../compile-request.ts';
import { connect } from '../../remote/connect.ts';
import { serverFlag } from '../../remote/settings.ts';
import { page, runtime } from '../../remote/shapes.ts';

const flags = {
	server: serverFlag,
	remote: Flags.boolean({ helpGroup: 'SERVER', description: 'those of the server: shipped ones and the org’s own' }),
};

/** `tappass runtime list`: the ready Runtimes, and the targets to make one from. */
export default class RuntimeList extends OperatorCommand {
	static override summary = 'List the ready Runtimes, and the targets that a Runtime can name.';
	static override description = 'Those that ship with this command, offline; with --remote those of the server.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %>',
		'<%= config.bin %> <%= command.id %> --remote',
	];
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(terminal: Terminal): Promise<Answer> {
		const { flags: chosen } = await this.parse({ flags, baseFlags: OperatorCommand.baseFlags });
		if (chosen.remote || chosen.server !== undefined) return listRemote(terminal, chosen.server);
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

async function listRemote(terminal: Terminal, server: string | undefined): Promise<Answer> {
	const { items } = await (await connect(server)).get('/v1/runtimes', page(runtime));
	const rows = items.map(({ id, source, applied_by, applied_at }) => [
		id,
		source,
		applied_by ?? '-',
		applied_at ?? '-',
	]);
	return {
		schema: 'tappass.runtime.list-server/1',
		fields: { items },
		text: table([['RUNTIME', 'SOURCE', 'BY', 'AT'], ...rows], terminal.style),
	};
}
