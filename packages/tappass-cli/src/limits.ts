export const limits = {
	/** Bytes read of one policy file; the policy package refuses past a smaller limit and says where. */
	sourceFileBytesMax: 16_777_216,
	/** Files taken from one directory; past this somebody named the wrong one. */
	sourceFilesMax: 5_000,
	/** Milliseconds that a server has to finish before stop gives up waiting. */
	serverStopMs: 60_000,
	/** Milliseconds between two looks whether it has. */
	serverPollMs: 100,
	/** Milliseconds between two looks at a server that is watched. */
	statusWatchMs: 1_000,
	/** Milliseconds that one request may take: the answer to a change of policy comes when every statement is signed. */
	requestMs: 300_000,
	/** Bytes of one answer. */
	answerBytesMax: 67_108_864,
	/** Bytes of a secret for the vault. */
	secretBytesMax: 16_384,
	/** Items asked for at once, and pages after which a list is taken to be without end. */
	pageItems: 500,
	pagesMax: 1_000,
	/** Bytes of a file that holds one key, and of the file of all keys. */
	keyFileBytesMax: 4_096,
	credentialsBytesMax: 1_048_576,
	/** A token that ends within these milliseconds is not used any more. */
	tokenLeftMs: 30_000,
	/** Milliseconds between two looks at how a change is coming along. */
	waitPollMs: 500,
	/** Milliseconds of work after which its progress is shown. */
	progressAfterMs: 1_000,
	/** Changes of one Aspect that are printed, and characters of a value of each, unless all are asked for. */
	changesShown: 8,
	changeCharactersMax: 80,
	/** Bytes of a root key's file. */
	rootKeyBytesMax: 16_384,
	/** Bytes of the script of a development model. */
	scriptBytesMax: 8_388_608,
	/** Bytes of one file of an audit log: a bundle of 256 entries of the largest size is a quarter of this. */
	logFileBytesMax: 67_108_864,
	/** Milliseconds that one file of an audit log may take, and tries before a server that fails is given up. */
	logFileMs: 60_000,
	logFileTries: 3,
	/** Seconds that one request of tail waits for the next entry. */
	tailWaitSeconds: 20,
	/** Bytes of a checkpoint or verifier key. */
	checkpointBytesMax: 65_536,
	/** Milliseconds that a time stamping authority may take, and bytes of its token with its certificates. */
	timeStampMs: 30_000,
	timeStampBytesMax: 65_536,
} as const;
