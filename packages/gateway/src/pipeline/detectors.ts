import type { Detection, DetectorName, OutputDetector } from '@tappass/detect';

/** A text made ready for detectors: folded and decoded, with the way back to where things stood. */
export interface Reading {
	/** As it was given. */
	readonly text: string;
}

/** The detectors as the pipeline uses them. */
export interface Detectors {
	/** @param decodeDepth layers of encoding to take off, at the least */
	readonly read: (text: string, decodeDepth: number | undefined) => Reading;
	/** What a detector finds in a complete text; offsets are those of `reading.text`. */
	readonly find: (reading: Reading, detector: DetectorName) => readonly Detection[];
	/** Those that may judge text while it is still coming. */
	readonly output: readonly OutputDetector[];
}
