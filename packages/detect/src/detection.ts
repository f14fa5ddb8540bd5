/** The five detectors. */
export type DetectorName = 'pii' | 'secrets' | 'injection' | 'obfuscation' | 'exfiltration';

/** One thing that a detector found in a text. */
export interface Detection {
	readonly detector: DetectorName;
	/** What was found, never the thing itself: `email`, `aws_access_key`, `instruction_override`. */
	readonly class: string;
	/** UTF-16 offsets in the text as it was given: from `start`, before `end`. */
	readonly start: number;
	readonly end: number;
	/** 0 to 1. */
	readonly confidence: number;
}

/**
 * A detector that may judge text while it is still coming. For every way to cut a text into pieces the detections, and
 * so the verdict, are those of the whole.
 */
export interface OutputDetector {
	readonly name: DetectorName;
	/** Most characters (UTF-16 units) it ever needs to hold back, at most 512. */
	readonly window: number;
	/** Characters before what is held that a later judgement may still look at. */
	readonly context: number;
	/**
	 * Everything found in a text that is complete, from offset `from` on (0 when not stated): an offset that `holdFrom` gave
	 * for this text or a beginning of it. Of what stands before, only the last `context` characters matter. With `to`, an
	 * offset that `holdFrom` gave for this text, only what stands before it: judged as it will be in the whole, with what
	 * follows it in view.
	 */
	readonly find: (text: string, from?: number, to?: number) => readonly Detection[];
	/**
	 * Where in a text, of which more may come, something may begin (or go on) that is not decided yet: what stands before
	 * this offset can be judged now and will not be judged otherwise later. `text.length` when nothing has to wait.
	 * Never before `from`.
	 */
	readonly holdFrom: (text: string, from?: number) => number;
	/** Both in one pass: how far the text is decided from `from` on, all of it when it is `complete`, and what was found there. */
	readonly decide: (
		text: string,
		from: number,
		complete: boolean,
	) => { readonly to: number; readonly found: readonly Detection[] };
}
