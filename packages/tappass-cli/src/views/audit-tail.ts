import { printable, type Terminal } from '@tappass/cli-kit';
import { Box, render, Text, useApp, useInput } from 'ink';
import { createElement, type ReactNode, useEffect, useState } from 'react';
import type { AuditEntry } from '../audit/entries.ts';
import { hasColour } from './live-lines.ts';

const shown = 20;
const colors: Readonly<Record<string, string>> = { block: 'red', notify: 'yellow', allow: 'green' };

/**
 * Shows entries as they come, at a terminal, until the person leaves with q or Ctrl-C.
 * @param entries ends, or throws, when nothing more can be read
 */
export async function showAuditTail(
	terminal: Terminal,
	server: string,
	entries: AsyncIterable<AuditEntry>,
): Promise<void> {
	let failure: unknown;
	const isColoured = hasColour(terminal);
	const onFailure = (error: unknown): void => {
		failure = error;
	};
	const view = render(createElement(Tail, { server, entries, isColoured, onFailure }));
	await view.waitUntilExit();
	if (failure !== undefined) throw failure;
}

function Tail({
	server,
	entries,
	isColoured,
	onFailure,
}: {
	readonly server: string;
	readonly entries: AsyncIterable<AuditEntry>;
	readonly isColoured: boolean;
	readonly onFailure: (error: unknown) => void;
}): ReactNode {
	const { exit } = useApp();
	const [last, setLast] = useState<readonly AuditEntry[]>([]);
	const [counts, setCounts] = useState({ seen: 0, blocked: 0 });
	useInput((input) => {
		if (input === 'q') exit();
	});
	useEffect(() => {
		const follow = async (): Promise<void> => {
			for await (const entry of entries) {
				setLast((before) => [...before, entry].slice(-shown));
				setCounts(({ seen, blocked }) => ({
					seen: seen + 1,
					blocked: blocked + (entry.decision === 'block' ? 1 : 0),
				}));
			}
		};
		follow().catch(onFailure).finally(exit);
	}, [entries, exit, onFailure]);
	const codeWidth = Math.max(1, ...last.map(({ code }) => code?.length ?? 1));
	return createElement(
		Box,
		{ flexDirection: 'column' },
		createElement(Text, { bold: isColoured }, `Audit log of ${server}`),
		...last.map((entry) => createElement(Line, { key: entry.event_id, entry, codeWidth, isColoured })),
		createElement(Text, { dimColor: isColoured }, `${counts.seen} entries, ${counts.blocked} blocked · q to leave`),
	);
}

function Line({
	entry,
	codeWidth,
	isColoured,
}: {
	readonly entry: AuditEntry;
	readonly codeWidth: number;
	readonly isColoured: boolean;
}): ReactNode {
	const { index, at, type, decision, code, sandbox_id } = entry;
	const color = isColoured ? colors[decision] : undefined;
	// Ink passes escape sequences on.
	return createElement(
		Text,
		{ wrap: 'truncate-end' },
		`${String(index).padStart(6)}  ${printable(at.slice(11, 19))}  ${printable(type).padEnd(20)}  `,
		createElement(Text, color === undefined ? {} : { color }, printable(decision).padEnd(6)),
		`  ${printable(code ?? '-').padEnd(codeWidth)}  ${printable(sandbox_id ?? '')}`,
	);
}
