import { watch } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import type { Terminal } from '@tappass/cli-kit';
import { printable } from '@tappass/cli-kit';
import { TapPassError } from '@tappass/core';
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
	let at = await print(context.terminal, log, 0);
	if (!follow) return;
	for await (const _change of changes(directory)) {
		const now = await stat(log).catch(() => undefined);
		if (now === undefined) continue;
		// The file was put aside when it was full, and begun anew.
		if (now.ino !== ino || now.size < at) at = 0;
		ino = now.ino;
		at = await print(context.terminal, log, at);
	}
}

async function print(terminal: Terminal, path: string, from: number): Promise<number> {
	const file = await open(path, 'r');
	let at = from;
	try {
		const stream = file.createReadStream({ start: from, autoClose: false, encoding: 'utf8' });
		for await (const text of stream as AsyncIterable<string>) {
			// An agent could print what drives the terminal of whoever reads along.
			terminal.stdout.write(printable(text));
			at += Buffer.byteLength(text);
		}
		return at;
	} finally {
		await file.close();
	}
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
