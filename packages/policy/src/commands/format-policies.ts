import type { Diagnostic } from '@tappass/core';
import { format, RegoError } from '@tappass/rego';
import { decodeText, type SourceFile } from '../author/input.ts';
import { fromRego } from '../rego/diagnostics.ts';

export interface FormatReport {
	readonly schema: 'tappass.policy.fmt/1';
	/** Files whose form is another, with it. */
	readonly changed: readonly { readonly file: string; readonly formatted: string }[];
	readonly unchanged: readonly string[];
	/** Files that do not parse: they have no form. */
	readonly diagnostics: readonly Diagnostic[];
}

/** The form that `opa fmt` gives each Rego file; other files are left out. */
export function formatPolicies(files: readonly SourceFile[]): FormatReport {
	const changed: { file: string; formatted: string }[] = [];
	const unchanged: string[] = [];
	const diagnostics: Diagnostic[] = [];
	for (const file of files) {
		if (!file.file.endsWith('.rego')) continue;
		const decoded = decodeText(file);
		if ('diagnostic' in decoded) {
			diagnostics.push(decoded.diagnostic);
			continue;
		}
		try {
			const formatted = format(decoded.text, file.file);
			if (formatted === decoded.text) unchanged.push(file.file);
			else changed.push({ file: file.file, formatted });
		} catch (error) {
			if (!(error instanceof RegoError)) throw error;
			diagnostics.push(...error.diagnostics.map(fromRego));
		}
	}
	return { schema: 'tappass.policy.fmt/1', changed, unchanged, diagnostics };
}
