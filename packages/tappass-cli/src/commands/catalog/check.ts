import { Args, type Command, type Interfaces } from '@oclif/core';
import type { Answer, Terminal } from '@tappass/cli-kit';
import { checkCatalog } from '@tappass/policy';
import { readCatalog } from '../../catalog.ts';
import { OperatorCommand } from '../../command.ts';
import { count } from '../../diagnostics.ts';

const args = { file: Args.string({ description: 'tools.yaml or catalog product; several may be given' }) };

/** `tappass catalog check`: whether own tools fit the catalog. */
export default class CatalogCheck extends OperatorCommand {
	static override summary = 'Check own tools and products against the catalog.';
	static override description =
		'Reports every fault, and what a tool of yours changes of a curated one. Exit code 2 when there is an error.';
	static override examples: Command.Example[] = ['<%= config.bin %> <%= command.id %> tools.yaml'];
	static override args: Interfaces.ArgInput = args;
	static override strict = false;

	protected override async answer(terminal: Terminal): Promise<Answer> {
		const { argv } = await this.parse({ args, baseFlags: OperatorCommand.baseFlags, strict: false });
		const { library, catalog, warnings } = await readCatalog(argv as string[], terminal);
		const { schema, ...fields } = checkCatalog(library, warnings, catalog);
		return { schema, fields, text: `${count(fields.products, 'product')}, ${count(fields.tools, 'tool')}, no errors.` };
	}
}
