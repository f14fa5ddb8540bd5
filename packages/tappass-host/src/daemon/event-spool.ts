import { randomUUID } from 'node:crypto';
import { instant, type Json, parseJson } from '@tappass/core';
import type { HostEvent } from '@tappass/trust';
import type { Clock } from '../clock.ts';
import { limits } from '../limits.ts';
import type { Files } from '../state/files.ts';

export interface EventSpoolOptions {
	readonly files: Files;
	readonly path: string;
	readonly clock: Clock;
	/** Sends events; an error means that they must be sent again. */
	readonly send: (events: readonly HostEvent[]) => Promise<void>;
}

/**
 * Events on their way to the control plane: kept on disk until it has said that it has them. An event may be sent twice and
 * is stored once, by its id. When too many wait, the oldest go and their number is told.
 */
export class EventSpool {
	readonly #options: EventSpoolOptions;
	#events: HostEvent[] = [];
	#unwritten: string[] = [];
	#bytes = 0;
	#dropped = 0;
	#sending: Promise<void> | undefined;
	#writing: Promise<void> = Promise.resolve();
	#cancel: (() => void) | undefined;

	constructor(options: EventSpoolOptions) {
		this.#options = options;
	}

	/** Events that wait, and those that are lost since the start. */
	get waiting(): number {
		return this.#events.length;
	}

	/** Takes up what an earlier daemon left; a line that was cut off by a crash is lost alone. */
	async open(): Promise<void> {
		const bytes = await this.#options.files.read(this.#options.path).catch(() => undefined);
		for (const line of (bytes?.toString('utf8') ?? '').split('\n')) {
			const event = eventOf(line);
			if (event !== undefined) this.#events.push(event);
		}
		this.#bytes = bytes?.byteLength ?? 0;
		this.#bound();
	}

	/** Adds an event; it is sent soon. */
	add(kind: string, body: { readonly [key: string]: Json }): void {
		const at = instant(this.#options.clock.now().wall_ms);
		const event: HostEvent = { event_id: randomUUID(), kind, at, body };
		this.#events.push(event);
		this.#unwritten.push(`${JSON.stringify(event)}\n`);
		this.#bound();
		this.#cancel ??= this.#options.clock.after(limits.eventsEveryMs, () => {
			this.#cancel = undefined;
			void this.flush();
		});
	}

	/** Sends what waits, as far as the control plane takes it. Never throws: what was not taken is kept. */
	async flush(): Promise<void> {
		await this.persist();
		this.#sending ??= this.#sendAll().finally(() => {
			this.#sending = undefined;
		});
		await this.#sending;
	}

	/** Puts what is new on disk. */
	persist(): Promise<void> {
		this.#writing = this.#writing.then(() => this.#write());
		return this.#writing;
	}

	close(): Promise<void> {
		this.#cancel?.();
		return this.persist();
	}

	async #write(): Promise<void> {
		const { files, path } = this.#options;
		const text = this.#unwritten.join('');
		if (text === '' && !(this.#bytes > 0 && this.#events.length === 0)) return;
		this.#unwritten = [];
		try {
			if (this.#events.length === 0 || this.#bytes + text.length > limits.spoolBytesMax) {
				const whole = this.#events.map((event) => `${JSON.stringify(event)}\n`).join('');
				await files.write(path, whole);
				this.#bytes = Buffer.byteLength(whole);
			} else {
				await files.append(path, text);
				this.#bytes += Buffer.byteLength(text);
			}
		} catch {
			// They stay in memory and go out with the next request; only a crash before that loses them.
			this.#bytes = limits.spoolBytesMax;
		}
	}

	async #sendAll(): Promise<void> {
		while (this.#events.length > 0) {
			const batch = this.#events.slice(0, limits.eventsPerRequest);
			try {
				await this.#options.send(batch);
			} catch {
				// The caller's connection says why; these are sent again when it is back.
				return;
			}
			const sent = new Set(batch.map(({ event_id }) => event_id));
			this.#events = this.#events.filter(({ event_id }) => !sent.has(event_id));
		}
		if (this.#dropped > 0) {
			const dropped = this.#dropped;
			this.#dropped = 0;
			this.add('events_dropped', { count: dropped });
		}
		await this.persist();
	}

	#bound(): void {
		const over = this.#events.length - limits.spoolEventsMax;
		if (over <= 0) return;
		this.#events.splice(0, over);
		this.#dropped += over;
	}
}

function eventOf(line: string): HostEvent | undefined {
	if (line === '') return undefined;
	try {
		const event = parseJson(Buffer.from(line)) as unknown as HostEvent;
		return typeof event.event_id === 'string' && typeof event.kind === 'string' ? event : undefined;
	} catch {
		// Cut off by a crash while it was written.
		return undefined;
	}
}
