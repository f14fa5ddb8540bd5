import { createWriteStream, type WriteStream } from 'node:fs';
import { rename, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { limits } from '../limits.ts';

/**
 * Keeps what an agent prints, in two files at most: an agent that prints for ever fills no disk, and one that prints faster
 * than the disk takes fills no memory. A disk that takes nothing stops the keeping, never the agent; it is tried again.
 */
export class AgentLog {
	readonly #path: string;
	#file: WriteStream | undefined;
	#bytes = 0;
	#state: 'open' | 'rotating' | 'closed' = 'closed';
	/** On the monotonic clock: when a disk that took nothing is tried again. */
	#retryAt = 0;

	constructor(path: string) {
		this.#path = path;
	}

	async open(): Promise<void> {
		this.#bytes = await stat(this.#path).then(
			({ size }) => size,
			() => 0,
		);
		this.#state = 'open';
		this.#open();
	}

	/** Keeps everything that comes from `stream`. */
	follow(stream: Readable | null): void {
		stream?.on('error', () => undefined);
		stream?.on('data', (chunk: Buffer) => this.write(chunk));
	}

	write(chunk: Buffer | string): void {
		if (this.#state === 'open' && this.#bytes > limits.logBytesMax) this.#rotate();
		if (this.#state !== 'open') return;
		if (this.#file === undefined && performance.now() >= this.#retryAt) this.#open();
		// What the disk does not take in time is lost rather than held in memory.
		if (this.#file === undefined || this.#file.writableLength > limits.logHeldBytesMax) return;
		this.#bytes += chunk.length;
		this.#file.write(chunk);
	}

	close(): Promise<void> {
		const file = this.#file;
		this.#file = undefined;
		this.#state = 'closed';
		return new Promise((resolve) => (file === undefined || file.destroyed ? resolve() : file.end(resolve)));
	}

	#rotate(): void {
		this.#state = 'rotating';
		this.#bytes = 0;
		this.#file?.end();
		this.#file = undefined;
		const again = (): void => {
			if (this.#state !== 'rotating') return;
			this.#state = 'open';
			this.#open();
		};
		// What is printed in this moment is lost rather than held in memory.
		rename(this.#path, `${this.#path}.1`).then(again, again);
	}

	#open(): void {
		const file = createWriteStream(this.#path, { flags: 'a', mode: 0o600 });
		file.on('error', () => {
			file.destroy();
			if (this.#file !== file) return;
			this.#file = undefined;
			this.#retryAt = performance.now() + limits.logRetryMs;
		});
		this.#file = file;
	}
}
