import type { Terminal } from '@tappass/cli-kit';
import type { Diagnostic } from '@tappass/core';
import { type Catalog, catalogWith, type Library } from '@tappass/policy';
import { readLibrary } from './compile-request.ts';
import { printWarnings, refuse } from './diagnostics.ts';
import { readSource } from './sources.ts';

/** The shipped catalog with an operator's own files. @throws {TapPassError} file_unreadable, policy_invalid */
export async function readCatalog(
	paths: readonly string[] | undefined,
	terminal: Terminal,
): Promise<{ readonly library: Library; readonly catalog: Catalog; readonly warnings: readonly Diagnostic[] }> {
	const library = await readLibrary(undefined);
	const files = await Promise.all((paths ?? []).map(readSource));
	const { catalog, diagnostics } = catalogWith(library, files, null);
	refuse(diagnostics, 'the catalog');
	printWarnings(terminal, diagnostics);
	return { library, catalog, warnings: diagnostics };
}
