/** Every bound of the MCP Broker, with its reason. Durations carry their unit in the name. */
export const mcpLimits = {
	/** Bytes of one message of a server: a result is judged whole, so it is held in memory. */
	messageBytesMax: 8_388_608,
	/** How long a server may take to greet us; a slow start is honest, a silent one is not. */
	connectMs: 15_000,
	/** How long a server may take to say whether it speaks the stateless revision; one that does not may never answer. */
	discoverMs: 5_000,
	/** How long a call may wait for what its client was asked; people answer. */
	askedMs: 600_000,
	/** Calls that wait for input of clients without sessions, over all orgs. */
	parkedMax: 1_024,
	/** Rounds of input for one call. */
	roundsMax: 16,
	/** Sessions of which it is remembered that they ended, or what they want logged. */
	sessionsKeptMax: 8_192,
	/** How long a stream for changes lives, as other streams do; clients open it again. */
	streamMs: 600_000,
	/** Resources that one stream or session is told of. */
	watchedMax: 64,
	/** Resources of one server that are watched for all who asked. */
	watchedByServerMax: 1_024,
	/** How often a stream that says nothing shows that it lives. */
	beatMs: 15_000,
	/** How long a server may take to answer; the policy's own bound cuts a call before, where it is shorter. */
	requestMs: 300_000,
	/** How long a listing may take: agents wait for all servers. */
	listMs: 10_000,
	/** Pages of one listing that are read. */
	pagesMax: 64,
	/** Tools, resources or prompts that are taken from one server. */
	itemsMax: 2_048,
	/** How long a listing is believed: a changed definition is noticed no later. */
	listedMs: 10_000,
	/** Connections that are kept, over all orgs; the one unused for longest is closed. */
	connectionsMax: 512,
	/** How long an unused connection is kept. */
	idleMs: 600_000,
	/** How long a failed connection is not tried again: a dead server is told of at once. */
	retryMs: 1_000,
	/** A program that fails time after time is started after this at the latest: twice as long each time until then. */
	retryMaxMs: 60_000,
	/** A program that ends sooner after its start has failed; once, it is started again at once. */
	steadyMs: 10_000,
	/** How long a program may take to end once its input has ended, and again once it was told to. */
	programEndMs: 2_000,
	/** Lines that a program may print beside its messages: a greeting, a warning. */
	strayLinesMax: 1_000,
	/** Texts of one result that are judged one by one. */
	textsMax: 10_000,
	/** Characters from which a text among others is judged by itself as well. */
	partLengthMin: 64,
	/** Characters of base64 that is no text, up to which it is looked at as it stands: no picture is smaller. */
	shortDataMax: 128,
	/** Notifications of one call: a server that says more talks to nobody. */
	saidMax: 10_000,
	/** Notifications of one call that wait to be judged. */
	waitingMax: 256,
	/** Requests to a program that were given up and never answered. */
	givenUpMax: 256,
	/** Bytes that may wait for a client or a program that reads slowly, before it is given up. */
	unreadBytesMax: 16_777_216,
	/** Characters of a resource's address. */
	uriLengthMax: 8_192,
	/** How soon after one change of a server's lists the next is passed on. */
	changedMs: 100,
	/** Characters of a message of a server's error that are handed on. */
	errorLengthMax: 2_000,
} as const;
