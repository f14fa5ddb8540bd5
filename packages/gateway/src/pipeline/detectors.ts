import {
	type Detection,
	type DetectorName,
	detectExfiltration,
	detectPii,
	detectSecrets,
	injectionIn,
	type Normalized,
	normalize,
	type OutputDetector,
	obfuscationIn,
	outputDetectors,
} from '@tappass/detect';

/** A text made ready for detectors: folded and decoded, with the way back to where things stood. */
export interface Reading {
	/** As it was given. */
	readonly text: string;
	readonly normalized: Normalized;
	/** What was found in it, by detector and by what was wanted. */
	readonly found: Map<string, readonly Detection[]>;
}

/** What a policy says of what detectors look for; what it leaves open is the detector's own choice. */
export interface Wanted {
	/** Classes of personal data. */
	readonly classes?: readonly string[] | undefined;
	/** 0 to 1: from which confidence on a detection counts. */
	readonly confidence?: number | undefined;
	/** SHA-256 of secrets that are none. */
	readonly allowFingerprints?: readonly string[] | undefined;
	readonly encodedBytesMax?: number | undefined;
}

/** The detectors as the pipeline uses them. */
export interface Detectors {
	/** @param decodeDepth layers of encoding to take off; undefined: as many as usual */
	readonly read: (text: string, decodeDepth: number | undefined) => Reading;
	/** What a detector finds in a complete text; offsets are those of `reading.text`. */
	readonly find: (reading: Reading, detector: DetectorName, wanted: Wanted) => readonly Detection[];
	/** Those that may judge text while it is still coming: personal data by what is wanted, secrets, addresses that carry data. */
	readonly output: (wanted: Wanted) => readonly OutputDetector[];
}

/** The detectors of `@tappass/detect`. */
export const shippedDetectors: Detectors = {
	read: (text, decodeDepth) => ({
		text,
		normalized: normalize(text, given({ decodeDepth })),
		found: new Map(),
	}),
	find: ({ text, normalized }, detector, { classes, confidence, allowFingerprints, encodedBytesMax }) => {
		switch (detector) {
			case 'pii':
				return detectPii(text, given({ classes, confidence }));
			case 'secrets':
				return detectSecrets(text, given({ allowFingerprints }));
			case 'injection':
				return injectionIn(text, normalized, given({ threshold: confidence }));
			case 'obfuscation':
				return obfuscationIn(normalized, given({ threshold: confidence }));
			case 'exfiltration':
				return detectExfiltration(text, given({ encodedBytesMax }));
		}
	},
	output: ({ classes, confidence, encodedBytesMax }) =>
		outputDetectors({
			pii: given({ classes, confidence }),
			secrets: {},
			exfiltration: given({ encodedBytesMax }),
		}),
};

/** Only what is given: to say undefined is not the same as to say nothing. */
function given<T extends object>(options: T): { [K in keyof T]?: NonNullable<T[K]> } {
	return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
		[K in keyof T]?: NonNullable<T[K]>;
	};
}
