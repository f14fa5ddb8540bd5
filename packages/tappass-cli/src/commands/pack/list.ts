import type { Command, Interfaces } from '@oclif/core';
import { type Answer, type Terminal, table } from '@tappass/cli-kit';
import { listPacks } from '@tappass/policy';
import { OperatorCommand } from '../../command.ts';
import { readLibrary, requestFlags } from '../../compile-request.ts';

const flags = { library: requestFlags.library };

/** `tappass pack list`: the compliance Packs there are. */
export default class PackList extends OperatorCommand {
	static override summary = 'List the compliance Packs.';
	static override description = 'With their versions and the regulation each is about.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %>',
		'<%= config.bin %> <%= command.id %> --json',
	];
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(terminal: Terminal): Promise<Answer> {
		const { flags: chosen } = await this.parse({ flags, baseFlags: OperatorCommand.baseFlags });
		const { schema, packs } = listPacks(await readLibrary(chosen.library));
		const rows = packs.map((pack) => [
			pack.id,
			pack.version,
			String(pack.clauses),
			String(pack.rules),
			`${pack.regulation.name} (${pack.regulation.edition})`,
		]);
		return {
			schema,
			fields: { packs },
			text: table([['PACK', 'VERSION', 'CLAUSES', 'RULES', 'REGULATION'], ...rows], terminal.style),
		};
	}
}
