import { Args, type Command, type Interfaces } from '@oclif/core';
import { type Answer, type Terminal, table } from '@tappass/cli-kit';
import { TapPassError } from '@tappass/core';
import { showTool } from '@tappass/policy';
import { readCatalog } from '../../catalog.ts';
import { OperatorCommand } from '../../command.ts';
import { requestFlags } from '../../compile-request.ts';

const args = { name: Args.string({ required: true, description: 'tool (slack.send_message) or product (slack)' }) };
const flags = { catalog: requestFlags.catalog };

/** `tappass catalog show`: one tool, or the tools of one product. */
export default class CatalogShow extends OperatorCommand {
	static override summary = 'Show a tool, or the tools of a product.';
	static override description = 'With its capabilities, slots and effect: what policies decide on.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %> gmail.send',
		'<%= config.bin %> <%= command.id %> gmail --json',
	];
	static override args: Interfaces.ArgInput = args;
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(terminal: Terminal): Promise<Answer> {
		const { args: given, flags: chosen } = await this.parse({ args, flags, baseFlags: OperatorCommand.baseFlags });
		const { library, catalog } = await readCatalog(chosen.catalog, terminal);
		const product = library.products.get(given.name);
		if (product !== undefined) {
			const names = Object.keys(product.value.tools).sort();
			const rows = names
				.map((name) => catalog.tools.get(name)!)
				.map(({ facts, title }) => [facts.name, facts.effect, facts.capabilities.join(', '), title]);
			return {
				schema: 'tappass.catalog.product/1',
				fields: { ...product.value },
				text: table([['TOOL', 'EFFECT', 'CAPABILITIES', 'TITLE'], ...rows], terminal.style),
			};
		}
		const view = showTool(catalog, given.name);
		if (!('tool' in view)) {
			throw new TapPassError('not_found', {
				detail: `the catalog has no tool or product ${JSON.stringify(given.name)}`,
				hint: view.nearest === undefined ? 'tappass catalog list lists the products' : `did you mean ${view.nearest}?`,
			});
		}
		const { schema, ...fields } = view;
		const { tool } = view;
		const pairs = (record: Readonly<Record<string, unknown>>): string =>
			Object.entries(record)
				.map(([key, value]) => `${key}: ${Array.isArray(value) ? value.join(', ') : value}`)
				.join('; ') || '-';
		const text = [
			`${terminal.style.bold(tool.name)}  ${tool.title}`,
			`  effect        ${tool.effect}`,
			`  capabilities  ${tool.capabilities.join(', ') || '-'}`,
			`  slots         ${pairs(tool.slots)}`,
			`  names         ${pairs(tool.aliases)}`,
			`  defined at    ${view.place}`,
		].join('\n');
		return { schema, fields, text };
	}
}
