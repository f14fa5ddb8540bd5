import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';

/**
 * Keeps what a child writes until somebody can listen: Node throws away the output of a child that ends before anybody does.
 *
 * @returns what lets go, once the caller has had its turn to listen
 */
export function holdOutput({ stdout, stderr }: ChildProcess): () => void {
	const streams = [stdout, stderr].filter((stream) => stream !== null);
	const hold = (): void => undefined;
	for (const stream of streams) stream.on('readable', hold);
	return () => {
		setImmediate(() => {
			for (const stream of streams) stream.off('readable', hold);
		});
	};
}

/** What a child that is gone, or going, said first on a held stream; it stays there for the next reader. */
export async function firstWords(stream: Readable | null): Promise<string> {
	if (stream === null) return '';
	if (stream.readableLength === 0 && !stream.readableEnded && !stream.closed)
		await Promise.race(['readable', 'end', 'close'].map((event) => once(stream, event)));
	const chunk: unknown = stream.read();
	if (chunk === null) return '';
	stream.unshift(chunk);
	return String(chunk).trim().slice(0, 1_000);
}
