/** Every bound of the detectors, with unit and reason. */
export const limits = {
	/** Characters that an output detector may hold back; a person reads slower than that arrives. */
	outputWindowMax: 512,
	/** Characters before a piece of output that its judgement may still read: names of fields, words of context. */
	outputContext: 128,
	/** Words without interest after which a piece of output is closed. */
	dullWordsMax: 3,
	/** Characters that the model of injections reads at once; a longer text is read in overlapping parts of this size. */
	partLengthMax: 65_536,
	/** Characters that two parts share, so that nothing up to this length is missed at a border. */
	partOverlap: 1_024,
	/** Views of one text: itself, what is hidden, payloads, seven ways to read the whole, and some of these once more. */
	viewsMax: 16,
	/** Layers of encoding inside encoding that are opened when the caller does not say. */
	decodeDepth: 2,
	/** Characters of one encoded run that are decoded; a longer one is bulk, which the detector of exfiltration reports. */
	payloadLengthMax: 1_048_576,
	/** Characters of a token that is looked at as a possible identifier or key. */
	tokenLengthMax: 512,
	/** Telephone candidates of one text that the number library parses; the rest are judged by shape and context alone. */
	phoneParsesMax: 64,
	/** Detections of one detector in one text; past this the text is what is wrong, not its parts. */
	detectionsMax: 1_000,
} as const;
