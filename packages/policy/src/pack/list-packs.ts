import type { Library } from '../author/library.ts';
import type { PackDocument } from '../author/types.ts';
import { packId } from '../resolve/resolve.ts';

export interface PackSummary {
	readonly id: string;
	readonly version: string;
	readonly title: string;
	readonly regulation: PackDocument['regulation'];
	readonly aliases: readonly string[];
	readonly clauses: number;
	readonly rules: number;
}
export interface PackList {
	readonly schema: 'tappass.pack.list/1';
	readonly packs: readonly PackSummary[];
}
export interface PackView {
	readonly schema: 'tappass.pack.show/1';
	readonly pack: PackDocument;
	readonly rules: readonly string[];
	readonly tests: readonly string[];
	readonly cases: number;
}

/** Every Pack there is, by id. */
export function listPacks(library: Library): PackList {
	return {
		schema: 'tappass.pack.list/1',
		packs: [...library.packs.values()]
			.map(({ document: { value }, rules }) => ({
				id: value.id,
				version: value.version,
				title: value.title,
				regulation: value.regulation,
				aliases: value.aliases ?? [],
				clauses: value.clauses.length,
				rules: rules.length,
			}))
			.sort((a, b) => (a.id < b.id ? -1 : 1)),
	};
}

/** One Pack whole, by id or alias; undefined when there is none. */
export function showPack(library: Library, name: string): PackView | undefined {
	const pack = library.packs.get(packId(library, name));
	if (pack === undefined) return undefined;
	return {
		schema: 'tappass.pack.show/1',
		pack: pack.document.value,
		rules: pack.rules.map(({ file }) => file),
		tests: pack.tests.map(({ file }) => file),
		cases: pack.cases.reduce((sum, { value }) => sum + value.cases.length, 0),
	};
}
