/** What a code means to a program: HTTP status, process exit code, and whether the same request may work later. */
export interface ErrorRow {
	readonly title: string;
	readonly status: number;
	/** 1 the answer is no · 2 usage or input · 3 verification refused · 4 not allowed · 5 unreachable · 70 our bug */
	readonly exit: 1 | 2 | 3 | 4 | 5 | 70;
	readonly retryable: boolean;
}

function usage(title: string, status = 400): ErrorRow {
	return { title, status, exit: 2, retryable: false };
}
function denied(title: string, status = 403): ErrorRow {
	return { title, status, exit: 1, retryable: false };
}
function refused(title: string, status = 409): ErrorRow {
	return { title, status, exit: 3, retryable: false };
}

/** Every code there is; `switch (error.code)` is checked against it. */
export type ErrorCode =
	| 'usage'
	| 'file_unreadable'
	| 'file_unwritable'
	| 'json_malformed'
	| 'json_duplicate_key'
	| 'json_forbidden_key'
	| 'json_unsafe_number'
	| 'json_too_deep'
	| 'json_too_large'
	| 'schema_invalid'
	| 'pattern_invalid'
	| 'identity_invalid'
	| 'unit_invalid'
	| 'policy_invalid'
	| 'policy_contradiction'
	| 'policy_tests_failed'
	| 'not_formatted'
	| 'not_found'
	| 'payload_too_large'
	| 'payload_malformed'
	| 'payload_type_mismatch'
	| 'sig_missing'
	| 'sig_invalid'
	| 'key_unknown'
	| 'key_invalid'
	| 'key_role_mismatch'
	| 'threshold_unmet'
	| 'root_version_gap'
	| 'root_rollback'
	| 'root_expired'
	| 'root_chain_too_long'
	| 'root_mismatch'
	| 'audience_mismatch'
	| 'protocol_unsupported'
	| 'protocol_downgrade'
	| 'epoch_mismatch'
	| 'version_rollback'
	| 'version_conflict'
	| 'version_jump'
	| 'seq_replay'
	| 'policy_hash_mismatch'
	| 'expired'
	| 'ttl_too_long'
	| 'clock_future'
	| 'clock_regressed'
	| 'clock_ahead'
	| 'floor_unreadable'
	| 'keyring_expired'
	| 'token_invalid'
	| 'token_expired'
	| 'token_audience'
	| 'unauthenticated'
	| 'forbidden'
	| 'rate_limited'
	| 'request_malformed'
	| 'request_too_large'
	| 'media_type_unsupported'
	| 'method_not_allowed'
	| 'already_exists'
	| 'limit_reached'
	| 'idempotency_conflict'
	| 'authority_too_new'
	| 'already_running'
	| 'database_unsuitable'
	| 'store_unavailable'
	| 'asked_elsewhere'
	| 'engine_failed'
	| 'shutting_down'
	| 'server_unreachable'
	| 'gateway_unreachable'
	| 'server_unexpected'
	| 'timed_out'
	| 'agent_plane_absent'
	| 'csr_invalid'
	| 'bootstrap_unknown'
	| 'bootstrap_expired'
	| 'bootstrap_used'
	| 'bootstrap_void'
	| 'bootstrap_contested'
	| 'certificate_required'
	| 'certificate_expired'
	| 'certificate_superseded'
	| 'sandbox_revoked'
	| 'sandbox_locked'
	| 'policy_pending'
	| 'restore_suspected'
	| 'tool_denied'
	| 'tool_unknown'
	| 'tool_changed'
	| 'trust_denied'
	| 'schema_denied'
	| 'constraint_violated'
	| 'clearance_denied'
	| 'decision_denied'
	| 'model_denied'
	| 'model_unserved'
	| 'content_blocked'
	| 'content_replaced'
	| 'emission_malformed'
	| 'approval_required'
	| 'approval_denied'
	| 'approval_invalid'
	| 'approval_closed'
	| 'proposal_denied'
	| 'budget_exhausted'
	| 'price_unknown'
	| 'sandbox_unknown'
	| 'session_unknown'
	| 'session_closed'
	| 'session_over'
	| 'session_killed'
	| 'call_too_long'
	| 'step_failed'
	| 'audit_unavailable'
	| 'program_missing'
	| 'sandbox_failed'
	| 'audit_halted'
	| 'audit_event_invalid'
	| 'audit_corrupt'
	| 'audit_incomplete'
	| 'audit_forked'
	| 'checkpoint_invalid'
	| 'proof_invalid'
	| 'request_unsupported'
	| 'request_timeout'
	| 'origin_denied'
	| 'upstream_unreachable'
	| 'upstream_timeout'
	| 'upstream_refused'
	| 'upstream_failed'
	| 'upstream_malformed'
	| 'upstream_truncated'
	| 'state_unreadable'
	| 'daemon_unreachable'
	| 'daemon_unexpected'
	| 'runtime_unenforced'
	| 'agent_failed'
	| 'internal';

/** The one table of codes. `docs/errors.md` has a row for each; a test compares both ways. */
export const errorTable: Readonly<Record<ErrorCode, ErrorRow>> = {
	// Input that a person or program gave us.
	usage: usage('The command was not understood'),
	file_unreadable: usage('A file could not be read'),
	file_unwritable: { title: 'A file could not be written', status: 500, exit: 5, retryable: true },
	json_malformed: usage('The text is not strict JSON'),
	json_duplicate_key: usage('A JSON object names the same key twice'),
	json_forbidden_key: usage('A JSON object uses a key that JavaScript treats specially'),
	json_unsafe_number: usage('A JSON number cannot be kept exactly'),
	json_too_deep: usage('JSON is nested too deeply'),
	json_too_large: usage('The JSON text is too large', 413),
	schema_invalid: usage('A document does not have the shape its schema asks for', 422),
	pattern_invalid: usage('A pattern is not valid where it stands', 422),
	identity_invalid: usage('A name or identifier is not well formed', 422),
	unit_invalid: usage('A duration, size or amount is not well formed', 422),
	policy_invalid: usage('The policy has errors', 422),
	policy_contradiction: usage('A level contradicts the floor above it', 409),
	policy_tests_failed: { title: 'Policy tests failed', status: 422, exit: 1, retryable: false },
	not_formatted: { title: 'Files are not formatted', status: 422, exit: 1, retryable: false },
	not_found: usage('There is nothing of that name', 404),

	// What may be believed: signatures, roots, versions, freshness.
	payload_too_large: refused('The payload is larger than any honest one', 413),
	payload_malformed: refused('The payload does not have the form that was signed for', 422),
	payload_type_mismatch: refused('The signed bytes are of another kind', 422),
	sig_missing: refused('The payload carries no signature', 401),
	sig_invalid: refused('A signature does not verify', 401),
	key_unknown: refused('The signing key is not in the root document', 401),
	key_invalid: refused('A key must not be used', 401),
	key_role_mismatch: refused('The signing key is for another purpose', 401),
	threshold_unmet: refused('Too few different keys have signed', 401),
	root_version_gap: refused('Root documents must follow one another without a gap'),
	root_rollback: refused('The root document is older than the pinned one'),
	root_expired: refused('The root document has expired', 410),
	root_chain_too_long: refused('Too many root documents at once', 413),
	root_mismatch: refused('The root document is not the one that was pinned', 401),
	audience_mismatch: refused('The payload is for another sandbox, org or runtime', 403),
	protocol_unsupported: refused('The payload asks for a protocol this program does not speak', 426),
	protocol_downgrade: refused('The payload asks for an older protocol than was already seen'),
	epoch_mismatch: refused('The payload belongs to another epoch than the root document'),
	version_rollback: refused('The policy is older than the one already accepted'),
	version_conflict: refused('Two different policies carry the same version'),
	version_jump: refused('The version is implausibly far ahead'),
	seq_replay: refused('This freshness statement was already used'),
	policy_hash_mismatch: refused('The freshness statement is for another policy'),
	expired: refused('The keyring has expired', 410),
	ttl_too_long: refused('The freshness statement claims to be valid for too long', 422),
	clock_future: refused('The freshness statement was issued in the future'),
	clock_regressed: refused('The clock stands before a moment already witnessed'),
	clock_ahead: refused('The clock stands far ahead of the server'),
	floor_unreadable: refused('The floor file cannot be believed', 500),
	keyring_expired: refused('The keyring has expired and nothing newer has arrived', 401),
	token_invalid: refused('The capability token is not valid', 401),
	token_expired: refused('The capability token has expired', 401),
	token_audience: refused('The capability token is for another door', 403),

	// The control plane.
	unauthenticated: { title: 'Who you are could not be established', status: 401, exit: 4, retryable: false },
	forbidden: { title: 'Your roles do not allow this', status: 403, exit: 4, retryable: false },
	rate_limited: { title: 'Too many requests', status: 429, exit: 5, retryable: true },
	request_malformed: usage('The request is not well formed'),
	request_too_large: usage('The request is too large', 413),
	media_type_unsupported: usage('The content type is not one this address takes', 415),
	method_not_allowed: usage('The address does not take this method', 405),
	already_exists: usage('Something of that name is already there', 409),
	limit_reached: usage('A limit has been reached', 409),
	idempotency_conflict: usage('The idempotency key was used for another request', 409),
	authority_too_new: usage('Hosts may not know the new CA yet', 409),
	already_running: usage('Another server is running on this data directory', 409),
	database_unsuitable: usage('The database cannot be used', 500),
	asked_elsewhere: { title: 'Another replica waits for this answer', status: 503, exit: 5, retryable: true },
	store_unavailable: { title: 'The database cannot be reached', status: 503, exit: 5, retryable: true },
	engine_failed: { title: 'The embedded PostgreSQL did not start', status: 500, exit: 5, retryable: false },
	agent_plane_absent: { title: 'This server has no gateway', status: 503, exit: 5, retryable: false },
	shutting_down: { title: 'The server is shutting down', status: 503, exit: 5, retryable: true },
	gateway_unreachable: { title: 'The gateway cannot be reached', status: 503, exit: 5, retryable: true },
	server_unreachable: { title: 'The server cannot be reached', status: 503, exit: 5, retryable: true },
	server_unexpected: { title: 'The server answered something else', status: 502, exit: 5, retryable: false },
	timed_out: { title: 'It took too long', status: 504, exit: 5, retryable: true },

	// Enrolment and sync.
	csr_invalid: usage('The certificate request cannot be certified', 422),
	bootstrap_unknown: usage('This bootstrap URL is not known', 404),
	bootstrap_expired: usage('The bootstrap URL has expired', 410),
	bootstrap_used: usage('The bootstrap URL has been used', 410),
	bootstrap_void: usage('The bootstrap URL was issued before the server was restored', 410),
	bootstrap_contested: usage('Another key is redeeming this bootstrap URL', 409),
	certificate_required: { title: 'A client certificate is needed', status: 401, exit: 4, retryable: false },
	certificate_expired: { title: 'The client certificate has expired', status: 401, exit: 4, retryable: false },
	certificate_superseded: { title: 'A newer certificate has taken its place', status: 401, exit: 4, retryable: false },
	sandbox_revoked: { title: 'The sandbox has been revoked', status: 401, exit: 4, retryable: false },
	sandbox_locked: { title: 'The sandbox is locked', status: 401, exit: 4, retryable: false },
	policy_pending: { title: 'No policy has been signed yet', status: 503, exit: 5, retryable: true },
	restore_suspected: {
		title: 'The database is older than what was already signed',
		status: 503,
		exit: 5,
		retryable: false,
	},

	// What the gateway answers to a call: denials, and what it could not do.
	tool_denied: denied('The policy does not allow this tool'),
	tool_unknown: denied('Nobody has approved this tool'),
	tool_changed: denied('The tool is not the one that was approved'),
	trust_denied: denied('The trust level does not allow this'),
	schema_denied: denied('The policy does not allow this schema'),
	constraint_violated: denied('The arguments do not meet a constraint'),
	clearance_denied: denied('The agent is not cleared for this'),
	decision_denied: denied('A decision rule denies the call'),
	model_denied: denied('The policy does not allow this model'),
	model_unserved: denied('No upstream serves this model', 404),
	content_blocked: denied('The content must not pass'),
	content_replaced: denied('Parts of the content were replaced'),
	emission_malformed: denied('A model asked for a tool in a way that cannot be judged', 502),
	approval_required: denied('A person must approve this call'),
	approval_denied: denied('A person has denied this call'),
	approval_invalid: denied('The approval is not for this call'),
	approval_closed: usage('The approval does not wait any more', 409),
	proposal_denied: denied('The agent may not decide about this proposal'),
	budget_exhausted: denied('The budget is used up', 429),
	price_unknown: denied('The price of the model is unknown'),
	sandbox_unknown: { title: 'There is no such sandbox', status: 401, exit: 4, retryable: false },
	session_unknown: denied('There is no such session', 401),
	session_closed: denied('The session is closed', 409),
	session_over: denied('The session has lasted too long', 409),
	session_killed: denied('The session was killed', 409),
	call_too_long: denied('The call took too long', 504),
	step_failed: { title: 'A step of the pipeline failed', status: 500, exit: 70, retryable: false },
	audit_unavailable: { title: 'It could not be recorded, so it did not happen', status: 503, exit: 5, retryable: true },
	// Sandboxes on a host.
	program_missing: usage('A program that is needed is not installed', 500),
	sandbox_failed: { title: 'The sandbox could not be started', status: 500, exit: 5, retryable: false },
	// The audit log.
	audit_halted: { title: 'The audit log does not verify', status: 503, exit: 5, retryable: false },
	audit_event_invalid: {
		title: 'An audit event does not say what its type asks for',
		status: 500,
		exit: 70,
		retryable: false,
	},
	audit_corrupt: refused('A file of the audit log is not what was signed', 500),
	audit_incomplete: refused('A file of the audit log is missing', 500),
	audit_forked: refused('The audit log does not continue what it was'),
	checkpoint_invalid: refused('A checkpoint of an audit log cannot be believed', 422),
	proof_invalid: refused('A proof does not show what it is for', 422),
	// The doors of the gateway.
	request_unsupported: usage('The request asks for something that cannot be enforced here'),
	request_timeout: { title: 'The request took too long to arrive', status: 408, exit: 5, retryable: true },
	origin_denied: denied('A web page of another origin may not call this'),
	upstream_unreachable: { title: 'The upstream cannot be reached', status: 502, exit: 5, retryable: true },
	upstream_timeout: { title: 'The upstream did not answer in time', status: 504, exit: 5, retryable: true },
	upstream_refused: { title: 'The upstream refused our credential', status: 502, exit: 4, retryable: false },
	upstream_failed: { title: 'The upstream failed', status: 502, exit: 5, retryable: true },
	upstream_malformed: { title: 'The upstream sent what is not of its wire', status: 502, exit: 5, retryable: false },
	upstream_truncated: { title: 'The upstream broke off in the middle', status: 502, exit: 5, retryable: true },

	// Host.
	state_unreadable: refused("A file of the host's state cannot be believed", 500),
	daemon_unreachable: { title: 'No daemon answers on this host', status: 503, exit: 5, retryable: true },
	daemon_unexpected: {
		title: 'The daemon of this host answered something else',
		status: 502,
		exit: 5,
		retryable: false,
	},
	runtime_unenforced: { title: 'The Runtime does not enforce the policy here', status: 409, exit: 1, retryable: false },
	agent_failed: { title: 'The agent could not be started', status: 500, exit: 5, retryable: false },

	internal: { title: 'Something went wrong in TapPass itself', status: 500, exit: 70, retryable: false },
};
