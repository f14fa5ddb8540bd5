import { TapPassError } from '@tappass/core';
import { doorLimits } from '../door-limits.ts';

/** One server-sent event as it came. */
export interface SseEvent {
	/** Name of the event; empty when the stream gives none. */
	readonly event: string;
	/** Undefined: a comment, which keeps a connection alive. */
	readonly data: string | undefined;
	/** The exact text, blank line included, when it holds nothing but `event` and `data`; else what it means, written anew. */
	readonly raw: string;
}

/**
 * Takes a stream of server-sent events apart, however it was cut: inside code points, line ends or events.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
 */
export class SseParser {
	readonly #decoder = new TextDecoder('utf-8', { fatal: true });
	#rest = '';
	/** Where the search for the next blank line goes on. */
	#searched = 0;

	/** @throws {TapPassError} upstream_malformed: not UTF-8, or an event past the limit */
	push(chunk: Uint8Array): readonly SseEvent[] {
		this.#rest += this.#decode(chunk);
		const events: SseEvent[] = [];
		for (let end = this.#blankLine(); end !== -1; end = this.#blankLine()) {
			const raw = this.#rest.slice(0, end);
			this.#rest = this.#rest.slice(end);
			this.#searched = 0;
			const event = readEvent(raw);
			if (event !== undefined) events.push(event);
		}
		if (this.#rest.length > doorLimits.eventLengthMax)
			throw new TapPassError('upstream_malformed', { detail: 'an event is larger than any honest one' });
		return events;
	}

	/** Whether the stream ended between two events: what is left over was cut off, and is dropped as the standard says. */
	end(): boolean {
		this.#decode(new Uint8Array(), true);
		return this.#rest.trim() === '';
	}

	#decode(chunk: Uint8Array, last = false): string {
		try {
			return this.#decoder.decode(chunk, { stream: !last });
		} catch (cause) {
			throw new TapPassError('upstream_malformed', { detail: 'the stream is not UTF-8', cause });
		}
	}

	/** Where the event that stands first ends, after its blank line; -1: not yet. */
	#blankLine(): number {
		blank.lastIndex = Math.max(0, this.#searched - 3);
		const found = blank.exec(this.#rest);
		// A carriage return at the very end may be half of a line end: what follows it decides.
		if (found !== null && !(found[0].endsWith('\r') && blank.lastIndex === this.#rest.length)) return blank.lastIndex;
		this.#searched = this.#rest.length;
		return -1;
	}
}

const blank = /(?:\r\n|\n|\r(?!\n))(?:\r\n|\n|\r(?!\n))/g;
const lineEnd = /\r\n|\n|\r/;

function readEvent(raw: string): SseEvent | undefined {
	let event = '';
	let data: string | undefined;
	let plain = true;
	let comment = false;
	for (const line of raw.split(lineEnd)) {
		if (line === '') continue;
		const colon = line.indexOf(':');
		const field = colon === -1 ? line : line.slice(0, colon);
		const after = colon === -1 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
		if (field === 'event') event = after;
		else if (field === 'data') data = data === undefined ? after : `${data}\n${after}`;
		else {
			plain = false;
			comment ||= field === '';
		}
	}
	if (data === undefined) return comment ? { event: '', data: undefined, raw: keepAlive } : undefined;
	return { event, data, raw: plain ? raw : writeEvent(event, data) };
}

/** A comment: no client sees it. What an upstream writes into its own goes to nobody. */
export const keepAlive = ': keep-alive\n\n';

/** The text of one event. */
export function writeEvent(event: string, data: string): string {
	const name = event === '' ? '' : `event: ${event}\n`;
	return data.includes('\n') ? `${name}data: ${data.replaceAll('\n', '\ndata: ')}\n\n` : `${name}data: ${data}\n\n`;
}
