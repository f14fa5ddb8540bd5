import { createWriteStream, type WriteStream } from 'node:fs';
import { rename, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { limits } from '../limits.ts';

/**
 * Keeps what an agent prints, in two files at most: an agent that prints for ever fills no disk. A disk that takes nothing
 * stops the keeping, never the agent.
 */
export class AgentLog {
	readonly #path: string;
	#file: WriteStream | undefined;
	#bytes = 0;

	constructor(path: string) {
		this.#path = path;
	}

	async open(): Promise<void> {
		this.#bytes = await stat(this.#path).then(
			({ size }) => size,
			() => 0,
		);
		this.#open();
	}

	/** Keeps everything that comes from `stream`. */
	follow(stream: Readable | null): void {
		stream?.on('error', () => undefined);
		stream?.on('data', (chunk: Buffer) => this.write(chunk));
	}

	write(chunk: Buffer | string): void {
		if (this.#bytes > limits.logBytesMax) this.#rotate();
		this.#bytes += chunk.length;
		this.#file?.write(chunk);
	}

	close(): Promise<void> {
		const file = this.#file;
		this.#file = undefined;
		return new Promise((resolve) => (file === undefined || file.destroyed ? resolve() : file.end(resolve)));
	}

	#rotate(): void {
		this.#bytes = 0;
		this.#file?.end();
		this.#file = undefined;
		// What is printed in this moment is lost rather than held in memory.
		rename(this.#path, `${this.#path}.1`).then(
			() => this.#open(),
			() => this.#open(),
		);
	}

	#open(): void {
		const file = createWriteStream(this.#path, { flags: 'a', mode: 0o600 });
		file.on('error', () => file.destroy());
		this.#file = file;
	}
}
