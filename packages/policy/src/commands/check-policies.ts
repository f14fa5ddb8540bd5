import type { Diagnostic } from '@tappass/core';
import { compileParsed, parseModule, RegoError } from '@tappass/rego';
import { baseName, decodeText, type SourceFile } from '../author/input.ts';
import { type Library, loadLibrary } from '../author/library.ts';
import type { Authored } from '../author/read-document.ts';
import { checkOverlayReferences } from '../author/references.ts';
import type { OverlayDocument, TenantToolsDocument } from '../author/types.ts';
import { extendCatalog } from '../catalog/extend.ts';
import { unsteadyBuiltins } from '../rego/contract.ts';
import { fromRego } from '../rego/diagnostics.ts';
import { isError, sortDiagnostics } from '../request.ts';
import { resolveLevel } from '../resolve/level.ts';
import { subjectsOf } from './test-policies.ts';

export interface CheckReport {
	readonly schema: 'tappass.policy.check/1';
	readonly files: number;
	readonly errors: number;
	readonly warnings: number;
	readonly diagnostics: readonly Diagnostic[];
}

/**
 * Everything wrong with these files, in one run: YAML of every kind, each policy as a program of its own over the whole
 * catalog, tests as far as they must compile.
 * @param shipped files of the shipped `policies/` and `packs/`, for what the checked files refer to; one that is also
 * checked (same end of its path) is taken once
 * @param together the Rego files are one level and one program
 */
export function checkPolicies(
	files: readonly SourceFile[],
	shipped: readonly SourceFile[],
	together = false,
): CheckReport {
	const given = new Set(files.map(({ file }) => tail(file)));
	const {
		library,
		diagnostics: all,
		documents,
	} = loadLibrary([...files, ...shipped.filter(({ file }) => !given.has(tail(file)))]);
	const names = new Set(files.map(({ file }) => file));
	const diagnostics: Diagnostic[] = all.filter(({ file }) => file === undefined || names.has(file));
	for (const document of documents)
		if (names.has(document.file)) diagnostics.push(...checkRequestDocument(document, library));
	const inLibrary = new Set([
		...[...library.packs.values()].flatMap(({ rules, tests }) => [...rules, ...tests].map(({ file }) => file)),
		...[...library.concerns.values()].flatMap(({ rego }) => rego.map(({ file }) => file)),
	]);
	const rego = files.filter(({ file }) => file.endsWith('.rego'));
	const policies = rego.filter(({ file }) => !file.endsWith('_test.rego') && !inLibrary.has(file));
	for (const group of together ? [policies] : policies.map((file) => [file]))
		diagnostics.push(...checkLevel(group, library));
	for (const [, pack] of library.packs)
		if (names.has(pack.document.file)) diagnostics.push(...checkPackLevel(pack.document.value.id, library));
	for (const [id, concern] of library.concerns)
		if (names.has(concern.file) && concern.rego.length > 0) diagnostics.push(...checkConcernLevel(id, library));
	for (const test of rego.filter(({ file }) => file.endsWith('_test.rego'))) diagnostics.push(...checkTest(test, rego));
	const sorted = sortDiagnostics(diagnostics);
	const errors = sorted.filter(isError).length;
	return {
		schema: 'tappass.policy.check/1',
		files: files.length,
		errors,
		warnings: sorted.length - errors,
		diagnostics: sorted,
	};
}

function tail(file: string): string {
	// Packs have folders of the same names, and files in them may have the same names too.
	return file
		.split('/')
		.slice(/\/(?:rules|cases|probes)\/[^/]+$/.test(file) ? -3 : -2)
		.join('/');
}

const nobody = { org: null, project: null, agent: null };
const unknown = { who: 'local', at: 'an unknown day' };

function checkLevel(files: readonly SourceFile[], library: Library): readonly Diagnostic[] {
	if (files.length === 0) return [];
	return resolveLevel(
		{
			level: 'org',
			files,
			packs: [],
			function: null,
			categories: [],
			overlays: [],
			picked: unknown,
			packsAbove: [],
			names: nobody,
		},
		library,
		library.catalog,
	).diagnostics;
}

function checkPackLevel(id: string, library: Library): readonly Diagnostic[] {
	return resolveLevel(
		{
			level: 'org',
			files: [],
			packs: [id],
			function: null,
			categories: [],
			overlays: [],
			picked: unknown,
			packsAbove: [],
			names: nobody,
		},
		library,
		library.catalog,
	).diagnostics.filter(({ file }) => file !== undefined);
}

function checkConcernLevel(id: string, library: Library): readonly Diagnostic[] {
	const category = { ...library, categories: new Map(), functions: new Map() };
	const carrier = {
		value: { schema: 'tappass.category/1' as const, id: 'check', title: 'check', concerns: [id] },
		file: '',
		at: () => ({ file: '', row: 1, col: 1 }),
	};
	category.categories.set('check', carrier);
	return resolveLevel(
		{
			level: 'agent',
			files: [],
			packs: [],
			function: null,
			categories: ['check'],
			overlays: [],
			picked: unknown,
			packsAbove: [],
			names: nobody,
		},
		category,
		library.catalog,
	).diagnostics.filter(({ file }) => file !== undefined && file !== '');
}

// Overlays and tenant tools are read with the rest; what they refer to is looked up here.
function checkRequestDocument(document: Authored, library: Library): readonly Diagnostic[] {
	if (document.value.schema === 'tappass.overlay/1')
		return checkOverlayReferences(document as Authored<OverlayDocument>, library);
	const tenant = document as Authored<TenantToolsDocument>;
	return extendCatalog(library.catalog, [tenant], null, library.capabilities).diagnostics;
}

function checkTest(test: SourceFile, rego: readonly SourceFile[]): readonly Diagnostic[] {
	const subjects = subjectsOf(test, rego);
	const decoded = [...subjects, test].map((file) => ({
		file: file.file,
		read: decodeText(file),
	}));
	const broken = decoded.flatMap(({ read }) => ('diagnostic' in read ? [read.diagnostic] : []));
	if (broken.length > 0) return broken;
	try {
		const modules = decoded.map(({ file, read }) => parseModule('text' in read ? read.text : '', file));
		compileParsed(modules, { unsafeBuiltins: unsteadyBuiltins });
		return [];
	} catch (error) {
		if (!(error instanceof RegoError)) throw error;
		return error.diagnostics
			.map(fromRego)
			.filter(({ file }) => file === undefined || baseName(file) === baseName(test.file));
	}
}
