import { printable, type Terminal } from '@tappass/cli-kit';
import { Box, render, Text, useApp, useInput } from 'ink';
import { createElement, type ReactNode, useEffect, useState } from 'react';

/** Whether a view may use colour: Ink does not know NO_COLOR. */
export function hasColour({ style }: Terminal): boolean {
	return style.bold('x') !== 'x';
}

/**
 * Shows lines at a terminal, drawn anew with each picture, until the person leaves with q or Ctrl-C or there are no more.
 * @throws what `pictures` throws
 */
export async function showLines(
	terminal: Terminal,
	title: string,
	pictures: AsyncIterable<readonly string[]>,
): Promise<void> {
	let failure: unknown;
	const onFailure = (error: unknown): void => {
		failure = error;
	};
	const view = render(createElement(Live, { title, pictures, isColoured: hasColour(terminal), onFailure }));
	await view.waitUntilExit();
	if (failure !== undefined) throw failure;
}

interface LiveProps {
	readonly title: string;
	readonly pictures: AsyncIterable<readonly string[]>;
	readonly isColoured: boolean;
	readonly onFailure: (error: unknown) => void;
}

function Live({ title, pictures, isColoured, onFailure }: LiveProps): ReactNode {
	const { exit } = useApp();
	const [lines, setLines] = useState<readonly string[]>([]);
	useInput((input) => {
		if (input === 'q') exit();
	});
	useEffect(() => {
		const follow = async (): Promise<void> => {
			for await (const picture of pictures) setLines(picture);
		};
		follow()
			.catch(onFailure)
			.finally(() => exit());
	}, [pictures, exit, onFailure]);
	return createElement(
		Box,
		{ flexDirection: 'column' },
		createElement(Text, { bold: isColoured }, printable(title)),
		// Ink passes escape sequences on, and some of this is what others wrote.
		...lines.map((line, at) => createElement(Text, { key: at, wrap: 'truncate-end' }, printable(line))),
		createElement(Text, { dimColor: isColoured }, 'q to leave'),
	);
}
