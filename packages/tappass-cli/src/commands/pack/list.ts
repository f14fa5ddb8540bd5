import { type Answer, type Terminal, table } from '@tappass/cli-kit';
import { listPacks } from '@tappass/policy';
import { OperatorCommand } from '../../command.ts';
import { shippedLibrary } from '../../compile-request.ts';

/** `tappass pack list`: the compliance Packs there are. */
export default class PackList extends OperatorCommand {
	static override summary = 'List the compliance Packs.';

	protected override async answer(terminal: Terminal): Promise<Answer> {
		const { schema, packs } = listPacks(await shippedLibrary());
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
