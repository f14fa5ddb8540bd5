/** Every bound of the doors to models, with its reason. Durations carry their unit in the name. */
export const doorLimits = {
	/** Bytes of one request: Anthropic takes 32 MB, and no policy may allow more (`body_bytes_max` of `validate_wire`). */
	bodyBytesMax: 33_554_432,
	/** How long the bytes of one request may take to arrive; a slow body would hold a connection for nothing. */
	bodyMs: 30_000,
	/** How long a caller that was refused in the middle of its body may go on sending, so that it reads why. */
	lingerMs: 2_000,
	/** Bytes of an answer that does not stream: it is judged whole, so it is held in memory. */
	answerBytesMax: 33_554_432,
	/** Characters of one server-sent event; the last one of a response repeats all that came before. */
	eventLengthMax: 8_388_608,
	/** Characters of tool calls that are held back in one answer before it is cut off. */
	heldLengthMax: 8_388_608,
	/** How long an upstream may say nothing in the middle of an answer; vendors send pings far more often. */
	silenceMs: 120_000,
	/** Connections to one upstream address: more wait in line. */
	upstreamConnectionsMax: 256,
	/** How long an idle connection to an upstream is kept: shorter than servers keep theirs, or a call would meet a closed one. */
	upstreamIdleMs: 4_000,
	/** How long a connection to an upstream may take to stand. */
	connectMs: 10_000,
	/** Choices of one chat completion: each is a channel, and a bill. */
	choicesMax: 16,
	/** Pieces of text of one request, over all messages. */
	textsMax: 100_000,
	/** Characters of a value that is taken for an identifier and not judged as text. */
	identifierLengthMax: 256,
	/** Bytes of an upstream's error body that are read for its message. */
	errorBytesMax: 65_536,
	/** How long a closing gateway waits for streams that are under way. */
	drainMs: 5_000,
} as const;
