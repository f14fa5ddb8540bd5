import type { Diagnostic, ToolFacts } from '@tappass/core';
import type { Library } from '../author/library.ts';
import { nearestName } from '../author/nearest.ts';
import type { Catalog, CatalogEntry } from './catalog.ts';

export interface CatalogList {
	readonly schema: 'tappass.catalog.list/1';
	readonly products: readonly {
		readonly id: string;
		readonly title: string;
		readonly vendor: string;
		readonly kind: string;
		readonly tools: readonly string[];
	}[];
	readonly tools: number;
}
export interface ToolView {
	readonly schema: 'tappass.catalog.show/1';
	readonly tool: ToolFacts & Pick<CatalogEntry, 'title' | 'product' | 'aliases'>;
	readonly place: string;
}
export interface CatalogReport {
	readonly schema: 'tappass.catalog.check/1';
	readonly products: number;
	readonly tools: number;
	readonly errors: number;
	readonly diagnostics: readonly Diagnostic[];
}

/** Products and their tools, a tenant's own under `tenant`. */
export function listCatalog(library: Library, catalog: Catalog = library.catalog): CatalogList {
	const own = catalog.names.filter((name) => catalog.tools.get(name)!.product === 'tenant');
	const products = [...library.products.values()]
		.map(({ value }) => ({
			id: value.product.id,
			title: value.product.title,
			vendor: value.product.vendor,
			kind: value.product.kind,
			tools: Object.keys(value.tools).sort(),
		}))
		.sort((a, b) => (a.id < b.id ? -1 : 1));
	const tenant = { id: 'tenant', title: 'Own tools', vendor: 'tenant', kind: 'own', tools: own };
	return {
		schema: 'tappass.catalog.list/1',
		products: own.length === 0 ? products : [...products, tenant],
		tools: catalog.names.length,
	};
}

/** One tool, by canonical name; with the nearest name when there is none. */
export function showTool(catalog: Catalog, name: string): ToolView | { readonly nearest: string | undefined } {
	const entry = catalog.tools.get(name);
	if (entry === undefined) return { nearest: nearestName(name, catalog.names) };
	const { facts, title, product, aliases, place } = entry;
	return {
		schema: 'tappass.catalog.show/1',
		tool: { ...facts, title, product, aliases },
		place: `${place.file}:${place.row}:${place.col}`,
	};
}

/** What is wrong with catalog files (products and `tools.yaml`), as part of a library. */
export function checkCatalog(
	library: Library,
	diagnostics: readonly Diagnostic[],
	catalog: Catalog = library.catalog,
): CatalogReport {
	const errors = diagnostics.filter(({ severity }) => severity !== 'warning').length;
	return {
		schema: 'tappass.catalog.check/1',
		products: library.products.size,
		tools: catalog.names.length,
		errors,
		diagnostics,
	};
}
