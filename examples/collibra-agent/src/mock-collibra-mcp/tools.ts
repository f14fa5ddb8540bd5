import type { Catalog } from './catalog.ts';

type Arguments = Readonly<Record<string, unknown>>;

/** One tool of the server: what it says of itself, and what it does. */
export interface MockTool {
	readonly name: string;
	readonly description: string;
	readonly inputSchema: { readonly type: 'object'; readonly properties: object; readonly required: string[] };
	readonly run: (catalog: Catalog, args: Arguments) => unknown;
}

const text = (args: Arguments, name: string): string => {
	const value = args[name];
	if (typeof value !== 'string' || value === '') throw new RangeError(`${name}: expected a text`);
	return value;
};

const descriptions: Readonly<Record<string, string>> = {
	schema: 'Schema that holds the asset',
	asset_id: 'Id of the asset, such as customers.accounts',
	table: 'Name of a table in the schema',
	column: 'Name of the column',
	query: 'Words to look for',
	name: 'Name of the new asset',
	description: 'What the asset is',
	content: 'Text of the comment',
};

function tool(name: string, description: string, required: string[], run: MockTool['run']): MockTool {
	const properties = Object.fromEntries(
		required.map((parameter) => [parameter, { type: 'string', description: descriptions[parameter] ?? parameter }]),
	);
	return { name, description, inputSchema: { type: 'object', properties, required }, run };
}

/** The tools, named and shaped as in `policies/catalog/collibra.yaml`. */
export const tools: readonly MockTool[] = [
	tool('list_schemas', 'Lists the schemas of the catalog.', [], (catalog) => catalog.schemas()),
	tool('search_assets', 'Finds assets of a schema by words.', ['schema', 'query'], (catalog, args) =>
		catalog.search(text(args, 'schema'), text(args, 'query')),
	),
	tool('get_asset', 'Reads one asset.', ['schema', 'asset_id'], (catalog, args) =>
		catalog.asset(text(args, 'schema'), text(args, 'asset_id')),
	),
	tool(
		'list_columns',
		'Lists the columns of a table.',
		['schema', 'table'],
		(catalog, args) => catalog.table(text(args, 'schema'), text(args, 'table')).columns,
	),
	tool('create_column', 'Adds a column to a table.', ['schema', 'table', 'column'], (catalog, args) => {
		const asset = catalog.table(text(args, 'schema'), text(args, 'table'));
		const column = text(args, 'column');
		if (!asset.columns.includes(column)) asset.columns.push(column);
		return { table: asset.asset_id, columns: asset.columns };
	}),
	tool('add_asset', 'Adds an asset.', ['schema', 'name'], (catalog, args) =>
		catalog.add(text(args, 'schema'), text(args, 'name')),
	),
	tool(
		'update_asset',
		'Changes the description of an asset.',
		['schema', 'asset_id', 'description'],
		(catalog, args) => {
			const asset = catalog.asset(text(args, 'schema'), text(args, 'asset_id'));
			asset.description = text(args, 'description');
			return asset;
		},
	),
	tool('add_comment', 'Comments on an asset.', ['schema', 'asset_id', 'content'], (catalog, args) => {
		const asset = catalog.asset(text(args, 'schema'), text(args, 'asset_id'));
		asset.comments.push(text(args, 'content'));
		return { asset_id: asset.asset_id, comments: asset.comments.length };
	}),
	tool('delete_asset', 'Deletes an asset.', ['schema', 'asset_id'], (catalog, args) => {
		catalog.remove(text(args, 'schema'), text(args, 'asset_id'));
		return { deleted: text(args, 'asset_id') };
	}),
	tool('drop_schema', 'Drops a schema with all its assets.', ['schema'], (catalog, args) => ({
		dropped: catalog.drop(text(args, 'schema')),
	})),
];
