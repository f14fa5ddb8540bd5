import type { Diagnostic, Runtime } from '@tappass/core';
import { type Catalog, catalogOf } from '../catalog/catalog.ts';
import { baseName, besideFile, decodeText, type Place, printPlace, type SourceFile } from './input.ts';
import { type Authored, isAuthored, readDocument } from './read-document.ts';
import { checkReferences } from './references.ts';
import type {
	AuthoredDocument,
	CapabilityDocument,
	CatalogDocument,
	CategoryDocument,
	ConcernDocument,
	DomainCategoryDocument,
	FunctionDocument,
	PackCasesDocument,
	PackDocument,
	SandboxSpecDocument,
} from './types.ts';

/** A Rego file as text. */
export interface RegoSource {
	readonly file: string;
	readonly source: string;
	readonly mtime?: number;
}

/** A Pack with everything in its folder. */
export interface AuthoredPack {
	readonly document: Authored<PackDocument>;
	/** Path of the folder, without a trailing slash. */
	readonly folder: string;
	readonly rules: readonly RegoSource[];
	readonly tests: readonly RegoSource[];
	readonly cases: readonly Authored<PackCasesDocument>[];
	/** Every other file in the folder, by path relative to it: `README.md`, `probes/…`. */
	readonly others: readonly string[];
}

/** A concern with its Rego files. */
export interface AuthoredConcern extends Authored<ConcernDocument> {
	readonly rego: readonly RegoSource[];
}

/** All authoring data of one installation, by id. */
export interface Library {
	readonly functions: ReadonlyMap<string, Authored<FunctionDocument>>;
	readonly categories: ReadonlyMap<string, Authored<CategoryDocument>>;
	readonly concerns: ReadonlyMap<string, AuthoredConcern>;
	readonly capabilities: ReadonlyMap<string, Authored<CapabilityDocument>>;
	readonly products: ReadonlyMap<string, Authored<CatalogDocument>>;
	readonly domainCategories: ReadonlyMap<string, Authored<DomainCategoryDocument>>;
	readonly runtimes: ReadonlyMap<string, Authored<Runtime>>;
	readonly specs: ReadonlyMap<string, Authored<SandboxSpecDocument>>;
	readonly packs: ReadonlyMap<string, AuthoredPack>;
	/** Other name of a Pack → its id. */
	readonly packAliases: ReadonlyMap<string, string>;
	/** The curated catalog; a tenant's tools are added per request. */
	readonly catalog: Catalog;
}

/** A library with nothing in it. */
export const emptyLibrary: Library = Object.freeze({
	functions: new Map(),
	categories: new Map(),
	concerns: new Map(),
	capabilities: new Map(),
	products: new Map(),
	domainCategories: new Map(),
	runtimes: new Map(),
	specs: new Map(),
	packs: new Map(),
	packAliases: new Map(),
	catalog: catalogOf([]),
});

/**
 * Reads all authoring data at once: the shipped `policies/` and `packs/`, and an operator's own directory beside them.
 * Every fault of every file is in `diagnostics`; a file with faults is left out of the library, so a caller that goes on
 * must first have looked.
 */
export function loadLibrary(files: readonly SourceFile[]): {
	readonly library: Library;
	readonly diagnostics: readonly Diagnostic[];
	/** Documents that are no part of a library but of one request: overlays and tenant tools. */
	readonly documents: readonly Authored[];
} {
	const diagnostics: Diagnostic[] = [];
	const sorted = [...files].sort((a, b) => (a.file < b.file ? -1 : 1));
	const documents: Authored[] = [];
	for (const file of sorted) {
		if (!isAuthoringFile(file.file)) continue;
		const read = readDocument(file);
		if (isAuthored(read)) documents.push(read);
		else diagnostics.push(...read.diagnostics);
	}
	const rego = new Map<string, RegoSource>();
	for (const file of sorted) {
		if (!file.file.endsWith('.rego')) continue;
		const decoded = decodeText(file);
		if ('diagnostic' in decoded) diagnostics.push(decoded.diagnostic);
		else
			rego.set(file.file, {
				file: file.file,
				source: decoded.text,
				...(file.mtime === undefined ? {} : { mtime: file.mtime }),
			});
	}
	const index = <T extends AuthoredDocument>(
		kind: T['schema'],
		id: (document: T) => string,
	): Map<string, Authored<T>> => {
		const found = new Map<string, Authored<T>>();
		for (const each of documents) {
			if (each.value.schema !== kind) continue;
			const one = each as Authored<T>;
			const before = found.get(id(one.value));
			if (before === undefined) found.set(id(one.value), one);
			else diagnostics.push(twice(id(one.value), one.at(['id']), before.at(['id'])));
		}
		return found;
	};
	const products = index<CatalogDocument>('tappass.catalog/1', (document) => document.product.id);
	const concernDocuments = index<ConcernDocument>('tappass.concern/1', (document) => document.id);
	const packs = collectPacks(
		index<PackDocument>('tappass.pack/1', (document) => document.id),
		documents,
		rego,
		sorted,
	);
	const catalog = catalogOf([...products.values()]);
	diagnostics.push(...catalog.diagnostics);
	const library: Library = {
		functions: index<FunctionDocument>('tappass.function/1', (document) => document.id),
		categories: index<CategoryDocument>('tappass.category/1', (document) => document.id),
		concerns: withRego(concernDocuments, rego, diagnostics),
		capabilities: index<CapabilityDocument>('tappass.capability/1', (document) => document.id),
		products,
		domainCategories: index<DomainCategoryDocument>('tappass.domain-category/1', (document) => document.id),
		runtimes: index<Runtime>('tappass.runtime/1', (document) => document.id),
		specs: index<SandboxSpecDocument>('tappass.sandbox-spec/1', (document) => document.id),
		packs,
		packAliases: aliasesOf(packs, diagnostics),
		catalog,
	};
	diagnostics.push(...checkReferences(library));
	const ofRequests: ReadonlySet<string> = new Set(['tappass.overlay/1', 'tappass.tools/1']);
	return { library, diagnostics, documents: documents.filter(({ value }) => ofRequests.has(value.schema)) };
}

function isAuthoringFile(file: string): boolean {
	// Probes belong to eval, which has its own schema for them.
	return (
		/\.ya?ml$/.test(file) && !/(?:^|\/)(?:probes|node_modules|testdata)\//.test(file) && !baseName(file).startsWith('.')
	);
}

function twice(id: string, place: Place, before: Place): Diagnostic {
	return {
		code: 'schema_invalid',
		...place,
		message: `${id} is already defined at ${printPlace(before)}`,
		hint: 'give one of them another id',
	};
}

function withRego(
	concerns: ReadonlyMap<string, Authored<ConcernDocument>>,
	rego: ReadonlyMap<string, RegoSource>,
	diagnostics: Diagnostic[],
): ReadonlyMap<string, AuthoredConcern> {
	return new Map(
		[...concerns].map(([id, concern]) => {
			const sources = (concern.value.rego ?? []).flatMap((name, position) => {
				const path = besideFile(concern.file, name);
				const source = rego.get(path);
				if (source !== undefined) return [source];
				diagnostics.push({
					code: 'not_found',
					...concern.at(['rego', position]),
					message: `there is no file ${path}`,
					hint: 'the path is relative to the concern',
				});
				return [];
			});
			return [id, { ...concern, rego: sources }];
		}),
	);
}

function collectPacks(
	packs: ReadonlyMap<string, Authored<PackDocument>>,
	documents: readonly Authored[],
	rego: ReadonlyMap<string, RegoSource>,
	files: readonly SourceFile[],
): ReadonlyMap<string, AuthoredPack> {
	return new Map(
		[...packs].map(([id, document]) => {
			const folder = document.file.includes('/') ? document.file.slice(0, document.file.lastIndexOf('/')) : '.';
			const inside = (file: string): boolean => folder === '.' || file.startsWith(`${folder}/`);
			const modules = [...rego.values()].filter((source) => inside(source.file));
			const isTest = (source: RegoSource): boolean => source.file.endsWith('_test.rego');
			return [
				id,
				{
					document,
					folder,
					rules: modules.filter((source) => !isTest(source)),
					tests: modules.filter(isTest),
					cases: documents.filter(
						(each): each is Authored<PackCasesDocument> =>
							each.value.schema === 'tappass.pack-cases/1' && inside(each.file),
					),
					others: files
						.filter(({ file }) => inside(file) && !rego.has(file) && file !== document.file)
						.map(({ file }) => (folder === '.' ? file : file.slice(folder.length + 1))),
				},
			];
		}),
	);
}

function aliasesOf(packs: ReadonlyMap<string, AuthoredPack>, diagnostics: Diagnostic[]): ReadonlyMap<string, string> {
	const aliases = new Map<string, string>();
	for (const [id, { document }] of packs) {
		for (const [position, alias] of (document.value.aliases ?? []).entries()) {
			const other = packs.has(alias) ? alias : aliases.get(alias);
			if (other === undefined) aliases.set(alias, id);
			else
				diagnostics.push({
					code: 'schema_invalid',
					...document.at(['aliases', position]),
					message: `${alias} already names the Pack ${other}`,
					hint: 'choose another alias',
				});
		}
	}
	return aliases;
}
