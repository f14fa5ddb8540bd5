import type { Rendered } from '@tappass/core';

/**
 * The part of Seatbelt's profile language that we write. Apple documents none of it; read from sandbox-exec(1) of macOS and
 * the profiles in /System/Library/Sandbox/Profiles. Expressions are Scheme; of all rules that match, the last one counts.
 */
export interface SeatbeltRule {
	readonly effect: 'allow' | 'deny';
	readonly operations: readonly string[];
	/** Empty: whatever the operation is on. */
	readonly filters: readonly SeatbeltFilter[];
}

export type SeatbeltFilter =
	| { readonly kind: 'literal' | 'subpath'; readonly path: string }
	| { readonly kind: 'remote'; readonly address: string }
	/** Processes in this sandbox only. */
	| { readonly kind: 'own_processes' };

/**
 * Characters that stand for themselves between quotes: printable ASCII without the quote and the backslash. Others have a
 * form there too, but the kernel compares names in a normal form of its own, so a rule about them might match nothing.
 */
export const safeText: RegExp = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

/** The profile as text: one rule a line, after the two lines that every profile begins with. */
export function printProfile(rules: readonly SeatbeltRule[]): string {
	return `${[...head, ...rules.map(printRule)].join('\n')}\n`;
}

const head = ['(version 1)', '(deny default)'];

function printRule({ effect, operations, filters }: SeatbeltRule): string {
	return `(${[effect, ...operations, ...filters.map(printFilter)].join(' ')})`;
}

function printFilter(filter: SeatbeltFilter): string {
	if (filter.kind === 'own_processes') return '(target same-sandbox)';
	return filter.kind === 'remote' ? `(remote ip "${filter.address}")` : `(${filter.kind} "${filter.path}")`;
}

const operation = '[a-z]+[a-z0-9-]*\\*?';
const filter =
	'\\((?:literal|subpath) "/[\\x20\\x21\\x23-\\x5b\\x5d-\\x7e]*"\\)|\\(remote ip "localhost:[0-9]{1,5}"\\)|\\(target same-sandbox\\)';
const line = new RegExp(`^\\((allow|deny)((?: ${operation})+)((?: (?:${filter}))*)\\)$`);

/** Reads a profile back; undefined when a line is not one that we write. */
export function readProfile(text: string): readonly SeatbeltRule[] | undefined {
	const lines = text.split('\n');
	if (lines.slice(0, 2).join('\n') !== head.join('\n') || lines.at(-1) !== '') return undefined;
	const rules = lines.slice(2, -1).map(readRule);
	return rules.every((rule) => rule !== undefined) ? rules : undefined;
}

function readRule(text: string): SeatbeltRule | undefined {
	const match = line.exec(text);
	if (match === null) return undefined;
	const filters = [...match[3]!.matchAll(/\((literal|subpath|remote ip|target) (?:"([^"]*)"|same-sandbox)\)/g)].map(
		([, kind, value]): SeatbeltFilter => {
			if (kind === 'target' || value === undefined) return { kind: 'own_processes' };
			return kind === 'remote ip'
				? { kind: 'remote', address: value }
				: { kind: kind === 'literal' ? 'literal' : 'subpath', path: value };
		},
	);
	return { effect: match[1] === 'deny' ? 'deny' : 'allow', operations: match[2]!.trim().split(' '), filters };
}

/** Operations that reach beyond the process itself: allowed by filter only. */
const guarded = /^(?:file-|network|process-exec|process-info|signal|mach|iokit|nvram)/;

const file = 'sandbox-exec.sb';

export function check(rendered: Rendered): readonly string[] {
	const content = rendered.files.find(({ path }) => path === file)?.content;
	if (content === undefined || rendered.files.length !== 1) return [`${file}: expected this file alone`];
	const rules = readProfile(content);
	if (rules === undefined) return [`${file}: holds a line that is not one of ours`];
	return rules
		.filter(
			({ effect, operations, filters }) =>
				effect === 'allow' && filters.length === 0 && operations.some((one) => guarded.test(one)),
		)
		.map(({ operations }) => `${file}: ${operations.join(' ')} is allowed on everything`);
}
