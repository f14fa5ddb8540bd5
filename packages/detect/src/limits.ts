/** Every bound of the detectors, with unit and reason. */
export const limits = {
	/** Characters that an output detector may hold back; a person reads slower than that arrives. */
	outputWindowMax: 512,
	/** Characters before a piece of output that its judgement may still read: names of fields, words of context. */
	outputContext: 128,
	/** Words without interest after which a piece of output is closed. */
	dullWordsMax: 3,
	/** Characters of one text that detectors look at; a longer one is judged in overlapping parts of this size. */
	partLengthMax: 65_536,
	/** Characters that two parts share, so that nothing up to this length is missed at a border. */
	partOverlap: 1_024,
	/** Decoded views of one text; each costs a scoring, and an attacker can nest encodings at will. */
	viewsMax: 8,
	/** Layers of encoding inside encoding that are opened when the caller does not say. */
	decodeDepth: 2,
	/** Characters of one encoded run that are decoded; the start of a payload says what it is. */
	payloadLengthMax: 16_384,
	/** Characters of a word that are looked at; past this it is no word. */
	wordLengthMax: 64,
	/** Characters of a token that is looked at as a possible identifier or key. */
	tokenLengthMax: 512,
	/** Telephone candidates of one text that the number library parses; the rest are judged by shape and context alone. */
	phoneParsesMax: 64,
	/** Detections of one detector in one text; past this the text is what is wrong, not its parts. */
	detectionsMax: 1_000,
} as const;
