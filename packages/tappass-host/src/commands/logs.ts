import { watch } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { printable, printableJson, type Terminal } from '@tappass/cli-kit';
import { TapPassError } from '@tappass/core';
import { limits } from '../limits.ts';
import { sandboxPlaces } from '../state/places.ts';
import type { CommandContext } from './context.ts';

/** Prints what the agent of a sandbox has printed, and what it prints from now on with `follow`. @throws {TapPassError} not_found */
export async function logs(context: CommandContext, name: string, follow: boolean): Promise<void> {
	const { log, logs: directory } = sandboxPlaces(context.places.state, name);
	const there = await stat(log).catch((cause: NodeJS.ErrnoException) => {
		const hint =
			cause.code === 'EACCES' ? 'it is another user’s: use sudo' : `tappass-host start ${name} starts an agent`;
		throw new TapPassError(cause.code === 'EACCES' ? 'file_unreadable' : 'not_found', {
			detail: `no log of ${name}`,
			hint,
		});
	});
	let { ino } = there;
	const out = printer(context.terminal, name);
	let at = await print(out, log, 0);
	if (!follow) return out.end();
	for await (const _change of changes(directory)) {
		const now = await stat(log).catch(() => undefined);
		if (now === undefined) continue;
		// The file was put aside when it was full, and begun anew.
		if (now.ino !== ino || now.size < at) at = 0;
		ino = now.ino;
		at = await print(out, log, at);
	}
}

async function print(out: LogPrinter, path: string, from: number): Promise<number> {
	const file = await open(path, 'r');
	let at = from;
	try {
		const stream = file.createReadStream({ start: from, autoClose: false, encoding: 'utf8' });
		for await (const text of stream as AsyncIterable<string>) {
			out.write(text);
			at += Buffer.byteLength(text);
		}
		return at;
	} finally {
		await file.close();
	}
}

/** Prints what an agent has printed, as it comes. */
export interface LogPrinter {
	write(text: string): void;
	/** Nothing more comes: a line without an end is one as well. */
	end(): void;
}

/** For people the text, for programs one object a line. */
export function printer({ json, stdout }: Terminal, name: string): LogPrinter {
	// An agent could print what drives the terminal of whoever reads along.
	if (!json) return { write: (text) => stdout.write(printable(text)), end: () => undefined };
	let rest = '';
	const tell = (line: string): void => stdout.write(printableJson({ schema: 'tappass.host.logs/1', name, line }));
	return {
		write: (text) => {
			const lines = `${rest}${text}`.split('\n');
			rest = lines.pop()!;
			for (const line of lines) tell(line);
			// An agent that never ends its line is told in pieces.
			if (rest.length < limits.logLineMax) return;
			tell(rest);
			rest = '';
		},
		end: () => {
			if (rest !== '') tell(rest);
		},
	};
}

async function* changes(directory: string): AsyncIterable<void> {
	let wake = (): void => undefined;
	const watcher = watch(directory, () => wake());
	watcher.on('error', () => wake());
	for (;;) {
		await new Promise<void>((resolve) => {
			wake = resolve;
			setTimeout(resolve, 1_000).unref();
		});
		yield;
	}
}
