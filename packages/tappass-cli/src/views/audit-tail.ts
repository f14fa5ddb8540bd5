import { Box, render, Text, useApp, useInput } from 'ink';
import { createElement, type ReactNode, useEffect, useState } from 'react';
import type { AuditEntry } from '../audit/entries.ts';

const shown = 20;
const colors: Readonly<Record<string, string>> = { block: 'red', notify: 'yellow', allow: 'green' };

/**
 * Shows entries as they come, at a terminal, until the person leaves with q or Ctrl-C.
 * @param entries ends, or throws, when nothing more can be read
 */
export async function showAuditTail(server: string, entries: AsyncIterable<AuditEntry>): Promise<void> {
	let failure: unknown;
	const view = render(createElement(Tail, { server, entries, onFailure: (error) => (failure = error) }));
	await view.waitUntilExit();
	if (failure !== undefined) throw failure;
}

function Tail({
	server,
	entries,
	onFailure,
}: {
	readonly server: string;
	readonly entries: AsyncIterable<AuditEntry>;
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
		createElement(Text, { bold: true }, `Audit log of ${server}`),
		...last.map((entry) => createElement(Line, { key: entry.event_id, entry, codeWidth })),
		createElement(Text, { dimColor: true }, `${counts.seen} entries, ${counts.blocked} blocked · q to leave`),
	);
}

function Line({ entry, codeWidth }: { readonly entry: AuditEntry; readonly codeWidth: number }): ReactNode {
	const { index, at, type, decision, code, sandbox_id } = entry;
	const color = colors[decision];
	return createElement(
		Text,
		{ wrap: 'truncate-end' },
		`${String(index).padStart(6)}  ${at.slice(11, 19)}  ${type.padEnd(20)}  `,
		createElement(Text, color === undefined ? {} : { color }, decision.padEnd(6)),
		`  ${(code ?? '-').padEnd(codeWidth)}  ${sandbox_id ?? ''}`,
	);
}
