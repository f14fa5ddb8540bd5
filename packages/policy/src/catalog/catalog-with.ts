import type { Diagnostic } from '@tappass/core';
import type { Library } from '../author/library.ts';
import { type Authored, isAuthored, readDocument } from '../author/read-document.ts';
import type { CatalogDocument, TenantToolsDocument } from '../author/types.ts';
import type { PolicyFile } from '../request.ts';
import { type Catalog, catalogOf, claimedNames, indexCatalog } from './catalog.ts';
import { extendCatalog } from './extend.ts';

/** The catalog of a library with a tenant's files: what `--catalog` names. @param agent whose tightenings apply */
export function catalogWith(
	library: Library,
	files: readonly PolicyFile[],
	agent: string | null,
): { readonly catalog: Catalog; readonly diagnostics: readonly Diagnostic[] } {
	if (files.length === 0) return { catalog: library.catalog, diagnostics: [] };
	const diagnostics: Diagnostic[] = [];
	const documents = files.flatMap((file): readonly Authored[] => {
		const read = readDocument(file);
		if (isAuthored(read)) return [read];
		diagnostics.push(...read.diagnostics);
		return [];
	});
	const products: Authored<CatalogDocument>[] = [];
	const tenants: Authored<TenantToolsDocument>[] = [];
	for (const document of documents) {
		const { schema } = document.value;
		if (schema === 'tappass.catalog/1') products.push(document as Authored<CatalogDocument>);
		else if (schema === 'tappass.tools/1') tenants.push(document as Authored<TenantToolsDocument>);
		else
			diagnostics.push({
				code: 'schema_invalid',
				...document.at(['schema']),
				message: `expected tappass.tools/1 or tappass.catalog/1, found ${schema}`,
				hint: 'give the file with the option for its kind',
			});
	}
	const added = catalogOf(products);
	diagnostics.push(...added.diagnostics);
	for (const [name, { place }] of added.tools) {
		if (library.catalog.tools.has(name))
			diagnostics.push({
				code: 'schema_invalid',
				...place,
				message: `${name} is already in the catalog`,
				hint: 'to change a known tool use extends or agents in tools.yaml',
			});
	}
	const base = indexCatalog(new Map([...added.tools, ...library.catalog.tools]));
	diagnostics.push(...claimedNames(base.tools, added.tools.keys()));
	const extended = extendCatalog(base, tenants, agent, library.capabilities);
	return { catalog: extended.catalog, diagnostics: [...diagnostics, ...extended.diagnostics] };
}
