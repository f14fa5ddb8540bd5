/** Every bound of the request path, with its reason. */
export const gatewayLimits = {
	/** Milliseconds a step may take that only computes; a detector reads a megabyte in less. */
	stepComputesMs: 2_000,
	/** Milliseconds a step may wait for a port; past this the store is as good as gone, and the call is refused. */
	stepAsksMs: 5_000,
	/** Milliseconds that a record may take to become durable; less than a step may take, so that the refusal says why. */
	appendMs: 4_000,
	/** Bytes of a call's body when no policy says less: what the largest vendors take. */
	bodyBytesMax: 33_554_432,
	/** Nesting of a body: the parser's own bound. */
	bodyDepthMax: 64,
	/** Texts of one call, when no policy says less. */
	messagesMax: 10_000,
	/** Tools that one request may offer; each is looked up. */
	offeredToolsMax: 1_024,
	/** Verified tokens that are remembered: a sandbox has two at a time. */
	tokensKeptMax: 8_192,
	/** Compiled decision programs that are remembered, each of one origin. */
	programsKeptMax: 512,
	/** Compiled RE2 patterns that are remembered. */
	patternsKeptMax: 2_048,
	/** Reports of unknown tools that are remembered, so that a chatty client writes each once. */
	reportsKeptMax: 4_096,
	/** Texts that are remembered as read, and characters of the longest: messages of conversations that come again. */
	readingsKeptMax: 1_024,
	readingLengthMax: 16_384,
	/** Steps and milliseconds of one decision program when no policy says less: it takes 10 µs as a rule. */
	regoStepsMax: 2_000_000,
	regoTimeMsMax: 250,
	/** Findings of one call that are kept; past this they repeat. */
	findingsMax: 256,
	/** Values whose trails one finding gives: a list of thousands explains nothing. */
	pathsMax: 16,
	/** Characters of a message that a rule wrote. */
	messageLengthMax: 500,
	/** Bytes of text for one token, at the least: what a reservation reckons with. English has about four. */
	bytesPerToken: 2,
	/** Tokens reserved at the most for what is not text: tool schemas, images. */
	otherTokensMax: 65_536,
	/** Tokens of an answer whose length the caller did not limit. */
	answerTokens: 8_192,
	/** Sandboxes of which a process remembers how often they changed: those with a call under way. */
	changesKeptMax: 65_536,
	/** Tool calls that a session remembers. */
	recentCallsMax: 64,
	/** Calls before those that it remembers too: the newest of each tool, and what destroyed. A catalog has 500 tools. */
	earlierCallsMax: 1_024,
	/** Times that a cycle of exactly equal calls comes round before it is one. */
	cycleRoundsMax: 4,
	/** Times in a row that one and the same call may be made: polling is honest, for a while. */
	sameCallMax: 12,
	/** Minutes that an approval waits for a person when nothing says less. */
	approvalMinutes: 60,
	/** Milliseconds that a stream may live (DESIGN §7). */
	streamLifeMs: 600_000,
	/** Characters before a released piece that detectors may look back at. */
	lookBack: 1_024,
	/** Bytes of a call's texts or arguments that go beside its audit record; what is longer goes as its hash. */
	payloadBytesMax: 65_536,
} as const;
