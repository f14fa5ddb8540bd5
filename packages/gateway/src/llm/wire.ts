import type { Json } from '@tappass/core';
import type { Denial, Usage } from '../pipeline/admission.ts';
import type { ModelCall } from '../pipeline/call.ts';
import type { Judge } from '../stream/judge.ts';
import type { JsonEdit } from '../stream/rewrite-json.ts';
import type { SseEvent } from '../stream/sse.ts';

/** Judges a stream of one wire, event by event. What may go out is in `out`; once `judge.denial` is set, nothing more may. */
export interface StreamReader {
	/** Text that was released and waits to be written. */
	out: string;
	/** Undefined: done at once. @throws {TapPassError} upstream_malformed, upstream_failed */
	readonly event: (event: SseEvent) => Promise<void> | undefined;
	/** The upstream closed. @throws {TapPassError} upstream_truncated: in the middle of an answer */
	readonly end: () => Promise<void> | undefined;
	readonly usage: () => Usage | undefined;
}

/** What a door knows of the wire it speaks. */
export interface WireFormat {
	readonly wire: ModelCall['wire'];
	/** Path below the upstream's base URL. */
	readonly path: string;
	/** Wire of an upstream that takes these bytes as they are. */
	readonly native: ReadonlySet<string>;
	/** @throws {TapPassError} request_malformed, request_unsupported, and the `json_…` codes */
	readonly read: (body: Json, bytes: number) => ModelCall;
	/** What the gateway itself changes on the way: the model's name there, and that usage is told. */
	readonly forwardEdits: (call: ModelCall, model: string) => readonly JsonEdit[];
	/** Judges a whole answer; edits of it. Stops early when `judge.denial` is set. */
	readonly judgeAnswer: (body: Json, judge: Judge) => Promise<readonly JsonEdit[]>;
	readonly usageOf: (body: Json) => Usage | undefined;
	readonly reader: (call: ModelCall, judge: Judge) => StreamReader;
	/** Body of an error, as an official client of the wire reads it. */
	readonly errorBody: (denial: Denial) => Json;
	/** The same in the middle of a stream. */
	readonly errorEvents: (denial: Denial, reader?: StreamReader) => string;
}
