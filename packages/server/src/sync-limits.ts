/** Every bound of enrolment and sync, with its reason. Durations carry their unit in the name. */
export const syncLimits = {
	/** Life of a bootstrap URL (DESIGN.md §6). */
	bootstrapLifeMs: 900_000,
	/** How long the same CSR key gets the same answer again: a reply lost on the way must not brick a host. */
	exchangeReplayMs: 60_000,
	/** Life of a host's certificate; it is renewed at half of it. */
	certificateLifeMs: 3_600_000,
	/** How far before now a certificate begins, for hosts whose clock lags. */
	certificateBackdateMs: 60_000,
	/** Life of the CA's own certificate. Its key is pinned by the root document, so the date is not what protects it. */
	authorityLifeMs: 315_360_000_000,
	/** Life of the certificate the host plane shows, made anew by each process. */
	serverCertificateLifeMs: 86_400_000,
	/** Bytes of a certificate request; a P-256 one has about 300. */
	requestBytesMax: 8_192,
	/** Life of a freshness statement and its tokens (DESIGN.md §5): the bound on a revoked sandbox that is cut off. */
	freshnessLifeMs: 300_000,
	/** How often freshness is renewed, and by how much that differs from host to host. */
	freshnessEveryMs: 60_000,
	freshnessJitter: 0.2,
	/** Keyrings that are sequenced in one transaction and signed in one go. */
	keyringBatch: 100,
	/** Bytes of a body that a host sends. */
	bodyBytesMax: 262_144,
	/** Events of one request, and bytes of one event. */
	eventsMax: 200,
	eventBytesMax: 4_096,
	/** How often an org is told, at the word of another org's host, that a payload for one sandbox went astray. */
	astrayEveryMs: 86_400_000,
	/** How long a connection may take over its handshake, its headers and its body. */
	handshakeMs: 10_000,
	headersMs: 10_000,
	requestMs: 15_000,
	/** How often an idle stream says that it is alive. */
	pingMs: 20_000,
	/** Bytes that may wait on a stream before its host counts as gone. */
	streamBacklogMax: 4_194_304,
	/** Streams of one process; beyond it a host is told to try another replica. */
	streamsMax: 5_000,
	/** Streams of one sandbox: the old certificate's and the new one's. */
	streamsOfOneMax: 2,
	/** Requests of one sandbox: a burst, and how many come back each second. */
	requestBurst: 60,
	requestsPerSecond: 10,
	/** Events of one sandbox: a spool that a host brings after days offline, and how many come back each second. */
	eventBurst: 5_000,
	eventsPerSecond: 20,
	/** Requests to /install from one address, behind which a whole fleet may stand: a burst, and how many come back each second. */
	installBurst: 500,
	installsPerSecond: 50,
	/** Buckets kept; the fullest are forgotten first, which forgives nothing. */
	bucketsMax: 20_000,
	/** Ids of one notice: PostgreSQL carries at most 8,000 bytes. */
	noticeIdsMax: 150,
	/** Wait before LISTEN is tried again. */
	listenRetryMs: 500,
	/** How often the connection for notices is spoken on; silent from one time to the next, it is made anew: within 5 s in all. */
	listenProbeMs: 2_000,
	/** How often a replica looks for changes that no notice told it of. */
	reconcileMs: 15_000,
} as const;
