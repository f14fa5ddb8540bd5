import { type Diagnostic, levels } from '@tappass/core';
import type { SourceFile } from './author/input.ts';
import type { Library } from './author/library.ts';
import { nameHint } from './author/nearest.ts';
import type { PolicyMemo } from './memo.ts';

/** A file an operator wrote, and who applied it when, as far as that is known. */
export interface PolicyFile extends SourceFile {
	/** Who applied it; `local` when left out. */
	readonly author?: string;
	/** When, as printed in trails or as an RFC 3339 instant; the file's time when left out. */
	readonly at?: string;
}

/** A Pack and the level at which it applies. */
export interface PackChoice {
	/** Id or alias. */
	readonly id: string;
	readonly level: 'org' | 'project' | 'agent';
}

/** `gdpr`, `gdpr@org`: a Pack as it is written on a command line; without a level it is part of the org floor. */
export function parsePackChoice(text: string): PackChoice | Refused {
	const [id = '', level = 'org', ...rest] = text.split('@');
	if (id !== '' && rest.length === 0 && (levels as readonly string[]).includes(level))
		return { id, level: level as PackChoice['level'] };
	return {
		diagnostics: [
			{
				code: 'usage',
				message: `expected a Pack like gdpr or gdpr@org, found ${JSON.stringify(text)}`,
				hint: nameHint(level, levels) ?? `the level is one of ${levels.join(', ')}`,
			},
		],
	};
}

/** Everything that one Compiled Policy is made from. */
export interface CompileRequest {
	/** Shipped and own authoring data, from `loadLibrary`; it must have been free of errors. */
	readonly library: Library;
	/** Rego of each level. */
	readonly org?: readonly PolicyFile[];
	readonly project?: readonly PolicyFile[];
	readonly agent?: readonly PolicyFile[];
	readonly packs?: readonly PackChoice[];
	readonly function?: string | null;
	readonly categories?: readonly string[];
	/** `tappass.overlay/1` files, at the agent level. */
	readonly overlays?: readonly PolicyFile[];
	/** A tenant's `tools.yaml` files, and further catalog products. */
	readonly catalog?: readonly PolicyFile[];
	/** A sandbox-spec; what it names adds to the rest of the request. Its Rego files are in `specFiles`. */
	readonly spec?: PolicyFile;
	/** Files that the spec may refer to, by path. */
	readonly specFiles?: readonly PolicyFile[];
	/** Names that policies see in `input`; null when not known. */
	readonly names?: { readonly org?: string | null; readonly project?: string | null; readonly agent?: string | null };
	/** Who and when, for everything whose file does not say. */
	readonly author?: string;
	readonly at?: string;
	/** Take the stricter side of each contradiction instead of refusing, and list them in `narrowed`. */
	readonly forceNarrow?: boolean;
	readonly memo?: PolicyMemo;
}

/** A request that cannot be compiled: everything that is wrong with it, errors first. */
export interface Refused {
	readonly diagnostics: readonly Diagnostic[];
}

/** Whether a result is a refusal. */
export function isRefused<T extends object>(result: T | Refused): result is Refused {
	return 'diagnostics' in result;
}

/** Whether a diagnostic is an error and not a warning. */
export function isError(diagnostic: Diagnostic): boolean {
	return diagnostic.severity !== 'warning';
}

/** Errors before warnings, each group by place; each once. */
export function sortDiagnostics(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
	const once = new Map(diagnostics.map((each) => [JSON.stringify(each), each]));
	const key = ({ file = '', row = 0, col = 0 }: Diagnostic): string =>
		`${file}\0${String(row).padStart(8, '0')}\0${String(col).padStart(8, '0')}`;
	return [...once.values()].sort(
		(a, b) => Number(isError(b)) - Number(isError(a)) || (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0),
	);
}

/** How trails print a moment: `2026-04-25 14:32 UTC`. A text that is no instant is printed as it is. */
export function printMoment(moment: string | number): string {
	const ms =
		typeof moment === 'number' ? moment : /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(moment) ? Date.parse(moment) : Number.NaN;
	if (Number.isNaN(ms)) return String(moment);
	return `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
