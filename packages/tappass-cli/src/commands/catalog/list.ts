import type { Command, Interfaces } from '@oclif/core';
import { type Answer, type Terminal, table } from '@tappass/cli-kit';
import { listCatalog } from '@tappass/policy';
import { readCatalog } from '../../catalog.ts';
import { OperatorCommand } from '../../command.ts';
import { requestFlags } from '../../compile-request.ts';

const flags = { catalog: requestFlags.catalog };

/** `tappass catalog list`: the products and tools there are. */
export default class CatalogList extends OperatorCommand {
	static override summary = 'List the products of the catalog, with your own tools when --catalog names them.';
	static override description = 'A tool that the catalog does not know is denied.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %>',
		'<%= config.bin %> <%= command.id %> --catalog tools.yaml --json',
	];
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(terminal: Terminal): Promise<Answer> {
		const { flags: chosen } = await this.parse({ flags, baseFlags: OperatorCommand.baseFlags });
		const { library, catalog } = await readCatalog(chosen.catalog, terminal);
		const { schema, ...fields } = listCatalog(library, catalog);
		const rows = fields.products.map((product) => [
			product.id,
			product.vendor,
			product.kind,
			String(product.tools.length),
			product.title,
		]);
		return {
			schema,
			fields,
			text: `${table([['PRODUCT', 'VENDOR', 'KIND', 'TOOLS', 'TITLE'], ...rows], terminal.style)}\n${fields.products.length} products, ${fields.tools} tools`,
		};
	}
}
