import { TapPassError } from '@tappass/core';
import { limits } from '../limits.ts';

/** One server-sent event. */
export interface StreamEvent {
	readonly event: string;
	readonly data: Buffer;
}

const end = Buffer.from('\n\n');

/** Takes server-sent events out of bytes as they come; one that is larger than any honest one ends the stream. */
export class EventReader {
	/** How many events came so far. */
	read = 0;
	readonly #onEvent: (event: StreamEvent) => void;
	#chunks: Buffer[] = [];
	#size = 0;
	#endsInNewline = false;

	constructor(onEvent: (event: StreamEvent) => void) {
		this.#onEvent = onEvent;
	}

	/** Whether an event has begun and not ended. */
	get isWithin(): boolean {
		return this.#size > 0;
	}

	/** @throws {TapPassError} payload_too_large */
	push(chunk: Buffer): void {
		const ends = chunk.includes(end) || (this.#endsInNewline && chunk[0] === 10);
		this.#chunks.push(chunk);
		this.#size += chunk.byteLength;
		this.#endsInNewline = chunk.at(-1) === 10;
		// Joined only when an event ends: joining for each chunk would cost the square of what came.
		if (ends) this.#take();
		if (this.#size > limits.answerBytesMax) throw tooLarge();
	}

	#take(): void {
		let rest: Buffer = Buffer.concat(this.#chunks);
		for (let at = rest.indexOf(end); at >= 0; at = rest.indexOf(end)) {
			if (at > limits.answerBytesMax) throw tooLarge();
			this.read += 1;
			this.#onEvent(eventOf(rest.subarray(0, at)));
			rest = rest.subarray(at + end.byteLength);
		}
		this.#chunks = rest.byteLength === 0 ? [] : [Buffer.from(rest)];
		this.#size = rest.byteLength;
	}
}

function tooLarge(): TapPassError {
	return new TapPassError('payload_too_large', { detail: 'an event of the stream' });
}

function eventOf(block: Buffer): StreamEvent {
	let event = 'message';
	let data: Buffer = Buffer.alloc(0);
	for (let start = 0; start < block.byteLength; ) {
		const found = block.indexOf(10, start);
		const line = block.subarray(start, found < 0 ? block.byteLength : found);
		start = found < 0 ? block.byteLength : found + 1;
		if (line.subarray(0, 7).toString('latin1') === 'event: ') event = line.subarray(7, 71).toString('latin1');
		if (line.subarray(0, 6).toString('latin1') === 'data: ') data = Buffer.from(line.subarray(6));
	}
	return { event, data };
}
