import type { Level, OrgId, Role, SandboxId, TeamId } from '@tappass/core';
import type { ColumnType, Generated, JSONColumnType } from 'kysely';
import type {
	ApprovalTable,
	ApprovedToolTable,
	BudgetPeriodTable,
	BudgetReservationTable,
	ClassificationTable,
	ClearanceTable,
	DiscoveredToolTable,
	McpServerTable,
	ModelPriceTable,
	PseudonymTable,
	RateWindowTable,
	SecretTable,
	SessionCounts,
	SignalTable,
	ToolPinTable,
	UnenrolledCallerTable,
	UpstreamTable,
} from './gateway-tables.ts';

/** A moment: read as a Date, written as one or left to the database's clock. */
export type Moment = ColumnType<Date, Date | string | undefined, Date | string>;
/** A moment that may not have come. */
export type MaybeMoment = ColumnType<Date | null, Date | string | null | undefined, Date | string | null>;
/** Bytes, exactly as they were written. */
export type Bytes = ColumnType<Buffer, Uint8Array, Uint8Array>;
/** Bytes that may be absent. */
export type MaybeBytes = ColumnType<Buffer | null, Uint8Array | null | undefined, Uint8Array | null>;
/** A JSON object; written as its text. */
export type JsonObject = JSONColumnType<Record<string, unknown>, string, string>;
/** A JSON object that may be absent. */
export type MaybeJsonObject = ColumnType<
	Record<string, unknown> | null,
	string | null | undefined,
	string | null | undefined
>;

/** One customer. Every other table of the database belongs to one. */
export interface OrgTable {
	readonly org_id: OrgId;
	name: string;
	/** Where the data stays: `eu`, `us`, `local`. */
	region: string;
	/** Raised by the root alone; copied from the newest root document. */
	epoch: Generated<number>;
	/** The last revision of `policy_revisions`. */
	policy_revision: Generated<number>;
	created_at: Moment;
}

/** A project: the middle level of the cascade. */
export interface ProjectTable {
	readonly org_id: OrgId;
	readonly name: string;
	created_by: string;
	created_at: Moment;
}

/** An agent of a project: the lowest level of the cascade. */
export interface AgentTable {
	readonly org_id: OrgId;
	readonly project: string;
	readonly name: string;
	created_by: string;
	created_at: Moment;
}

/** A person or machine that can sign in. */
export interface UserTable {
	readonly org_id: OrgId;
	/** `user_…`. */
	readonly id: string;
	/** Unique in the org, lower case. */
	email: string;
	created_at: Moment;
	disabled_at: MaybeMoment;
}

/** The unit of membership: a team has a scope, its members have roles in it. */
export interface TeamTable {
	readonly org_id: OrgId;
	readonly id: TeamId;
	name: string;
	/** Null: the whole org. */
	project: string | null;
	/** Null: every agent of the project. */
	agent: string | null;
	created_at: Moment;
}

/** What one user may do in the scope of one team. */
export interface MemberTable {
	readonly org_id: OrgId;
	readonly team_id: TeamId;
	readonly user_id: string;
	role: Role;
	created_at: Moment;
}

/** A key as it is kept: its SHA-256 alone. */
export interface ApiKeyTable {
	readonly org_id: OrgId;
	/** `key_…`. */
	readonly id: string;
	readonly user_id: string;
	name: string;
	/** SHA-256 of the whole key. */
	readonly hash: Bytes;
	/** The last four characters, to tell keys apart. */
	readonly ending: string;
	/** Actions the key is limited to; `*` is every action of its user. */
	readonly scopes: string[];
	expires_at: ColumnType<Date, Date | string, Date | string>;
	revoked_at: MaybeMoment;
	last_used_at: MaybeMoment;
	created_at: Moment;
}

/** What a stored policy is. */
export type PolicyKind = 'rego' | 'overlay' | 'catalog' | 'pack';

/** A policy in force, keyed by level, scope and basename. */
export interface PolicyTable {
	readonly org_id: OrgId;
	readonly level: Level;
	/** Empty at the org level. */
	readonly project: string;
	/** Empty above the agent level. */
	readonly agent: string;
	/** The basename, or `pack:<id>`. */
	readonly file_key: string;
	readonly kind: PolicyKind;
	/** The path it was applied from, as trails print it. */
	file: string;
	content: Bytes;
	sha256: string;
	revision: number;
	applied_by: string;
	applied_at: ColumnType<Date, Date | string, Date | string>;
}

/** Every change of a policy, so that any revision can be had back. */
export interface PolicyRevisionTable {
	readonly org_id: OrgId;
	readonly revision: number;
	readonly level: Level;
	readonly project: string;
	readonly agent: string;
	readonly file_key: string;
	readonly kind: PolicyKind;
	readonly action: 'apply' | 'remove' | 'rollback';
	readonly file: string;
	/** Null when the policy was removed. */
	readonly content: MaybeBytes;
	readonly narrowed: boolean;
	readonly applied_by: string;
	readonly applied_at: ColumnType<Date, Date | string, never>;
}

/** A Runtime that the org applied; shipped ones are in the library. */
export interface RuntimeTable {
	readonly org_id: OrgId;
	readonly id: string;
	file: string;
	document: Bytes;
	applied_by: string;
	applied_at: Moment;
}

/** A sandbox-spec bound to a project. */
export interface SandboxSpecTable {
	readonly org_id: OrgId;
	readonly id: string;
	project: string;
	agent: string;
	runtime_id: string;
	file: string;
	document: Bytes;
	/** Path → text of each Rego file that the spec names. */
	files: JsonObject;
	created_by: string;
	created_at: Moment;
}

/** `pending` until its bootstrap is exchanged; `locked` when two hosts showed one identity. */
export type SandboxState = 'pending' | 'active' | 'revoked' | 'locked';

/** One installation of an agent. */
export interface SandboxTable {
	readonly org_id: OrgId;
	readonly id: SandboxId;
	/** The host's own name for it, given at the exchange; unique in the org. */
	name: string | null;
	readonly spec_id: string;
	readonly project: string;
	readonly agent: string;
	readonly runtime_id: string;
	state: Generated<SandboxState>;
	/** Why it is revoked or locked. */
	state_reason: string | null;
	/** Epoch of the newest statement; 0 before the first. */
	epoch: Generated<number>;
	/** Version of the newest statement; 0 before the first. */
	policy_version: Generated<number>;
	policy_sha256: string | null;
	/** What the newest statement was made from: `policyKey` and terms, hashed. */
	policy_key: string | null;
	/** Whether an input changed since the newest statement. */
	stale: Generated<boolean>;
	stale_since: MaybeMoment;
	/** Why the last derivation failed; the statement before it stays in force. */
	compile_error: string | null;
	/** Last sequence number of a freshness statement. */
	seq: Generated<number>;
	/** Generation of the newest certificate; 0 before the first. */
	generation: Generated<number>;
	created_by: string;
	created_at: Moment;
	revoked_at: MaybeMoment;
}

/** What a compile yields beside the signed policy; kept once for all sandboxes with the same result. */
export interface CompiledPolicyTable {
	readonly org_id: OrgId;
	/** SHA-256 of the canonical form of the other columns. */
	readonly sha256: string;
	readonly compiled_policy: JsonObject;
	readonly effective_pipeline: JsonObject;
	readonly because: JsonObject;
	readonly created_at: Moment;
}

/** A signed statement; never changed, never two for one version. */
export interface PolicyStatementTable {
	readonly org_id: OrgId;
	readonly sandbox_id: SandboxId;
	readonly epoch: number;
	readonly policy_version: number;
	/** SHA-256 of the payload, hex. */
	readonly sha256: string;
	/** The DSSE envelope, canonical JSON, exactly as hosts get it. */
	readonly envelope: Bytes;
	/** Row of `compiled_policies`. */
	readonly compiled_sha256: string;
	readonly key_id: string;
	readonly issued_at: ColumnType<Date, Date | string, never>;
}

/** An org's data key, wrapped by the KMS. */
export interface DataKeyTable {
	readonly org_id: OrgId;
	readonly id: string;
	kms_key_id: string;
	wrapped: Bytes;
	readonly created_at: Moment;
	retired_at: MaybeMoment;
}

/** What a key of an org is for. `host_ca` certifies hosts, `operator_token` signs operators' JWTs. */
export type OrgKeyRole = 'policy' | 'freshness' | 'token' | 'audit' | 'host_ca' | 'operator_token';

/** A private key of an org, sealed by its data key. */
export interface OrgKeyTable {
	readonly org_id: OrgId;
	/** SHA-256 of the SPKI, hex. */
	readonly key_id: string;
	readonly role: OrgKeyRole;
	readonly algorithm: 'ed25519' | 'es256';
	readonly spki: Bytes;
	/** PKCS#8 PEM under AES-256-GCM; the org, role and key id are bound in. Empty once the key was retired. */
	sealed: Bytes;
	readonly data_key_id: string;
	/** X.509, DER; the CA alone has one. */
	readonly certificate: MaybeBytes;
	readonly created_at: Moment;
	retired_at: MaybeMoment;
	/** Made, but not listed by a root document yet: nothing is signed with it. */
	pending: Generated<boolean>;
}

/** A signed root document. */
export interface RootTable {
	readonly org_id: OrgId;
	readonly version: number;
	readonly epoch: number;
	/** `root.json`, exact bytes. */
	readonly document: Bytes;
	/** SHA-256 of the signed payload within, hex: what bootstrap URLs name. */
	readonly sha256: string;
	readonly created_at: Moment;
}

/** A single-use enrolment. Its token begins with the org, so that no lookup crosses orgs. */
export interface BootstrapTable {
	readonly org_id: OrgId;
	/** `boot_…`. */
	readonly id: string;
	/** SHA-256 of the token. */
	readonly token_hash: Bytes;
	readonly sandbox_id: SandboxId;
	readonly created_by: string;
	readonly created_at: Moment;
	readonly expires_at: ColumnType<Date, Date | string, never>;
	used_at: MaybeMoment;
	/** SHA-256 of the SPKI of the CSR that burned it, hex. */
	used_key_sha256: string | null;
	used_from: string | null;
	/** The answer of that exchange, for the same key within a minute. */
	response: MaybeBytes;
}

/** A certificate that was issued to a host. */
export interface CertificateTable {
	readonly org_id: OrgId;
	/** Hex. */
	readonly serial: string;
	readonly sandbox_id: SandboxId;
	readonly generation: number;
	readonly spki_sha256: string;
	/** X.509, DER. */
	readonly certificate: Bytes;
	readonly not_before: ColumnType<Date, Date | string, never>;
	readonly not_after: ColumnType<Date, Date | string, never>;
	readonly created_at: Moment;
	/** When a connection first showed it. */
	first_seen_at: MaybeMoment;
	revoked_at: MaybeMoment;
	/** The sandbox was enrolled anew after it: whoever shows it is the host before, not a clone. */
	left_behind: Generated<boolean>;
}

/** What a host last said is loaded. */
export interface SandboxStatusTable {
	readonly org_id: OrgId;
	readonly sandbox_id: SandboxId;
	epoch: number;
	policy_version: number;
	policy_sha256: string | null;
	/** Ring → what is loaded there. */
	rings: JsonObject;
	/** Whatever else the host said of itself. */
	detail: JsonObject;
	reported_at: Moment;
}

/** One launch of a sandbox. */
export interface SessionTable extends SessionCounts {
	readonly org_id: OrgId;
	/** `ses_…`. */
	readonly id: string;
	readonly sandbox_id: SandboxId;
	state: Generated<'open' | 'closed' | 'killed'>;
	readonly opened_at: Moment;
	closed_at: MaybeMoment;
	detail: JsonObject;
}

/** What a host saw, such as a denial of the kernel ring. */
export interface HostEventTable {
	readonly org_id: OrgId;
	readonly sandbox_id: SandboxId;
	/** Chosen by the host; the same id is stored once. */
	readonly event_id: string;
	readonly kind: string;
	readonly at: ColumnType<Date, Date | string, never>;
	readonly body: JsonObject;
	readonly received_at: Moment;
}

/** What an operator should look at: replays, clones, foreign payloads. Never a secret or content. */
export interface SecurityEventTable {
	readonly org_id: OrgId;
	readonly id: Generated<number>;
	readonly code: string;
	readonly sandbox_id: string | null;
	readonly detail: JsonObject;
	readonly at: Moment;
}

/** Sandboxes of some specs that a change made stale. */
export interface Settles {
	readonly specs: readonly string[];
	readonly stale: number;
}

/** The answer to a write that carried an idempotency key. */
export interface IdempotencyKeyTable {
	readonly org_id: OrgId;
	readonly user_id: string;
	readonly key: string;
	/** SHA-256 of method, path and body. */
	readonly request_sha256: string;
	status: number | null;
	response: string | null;
	/** What was still to be derived when it was committed. */
	settles: ColumnType<Settles | null, string | null | undefined, string | null>;
	readonly created_at: Moment;
}

/** One wave of re-derivation; `done` is counted while it runs. */
export interface RecompileTable {
	readonly org_id: OrgId;
	readonly id: Generated<number>;
	readonly reason: string;
	readonly requested_by: string;
	readonly total: number;
	done: Generated<number>;
	failed: Generated<number>;
	readonly created_at: Moment;
	finished_at: MaybeMoment;
}

/**
 * Counts every time that keyrings of an org were signed. A copy is kept outside the database, so that a database which
 * was restored from a backup is found out.
 */
export interface WatermarkTable {
	readonly org_id: OrgId;
	counter: Generated<number>;
}

/** An event as the log keeps it: the leaf, and the fields it is found by. */
interface AuditFields {
	/** Exactly what is hashed. */
	readonly leaf: Bytes;
	readonly at: ColumnType<Date, Date | string, never>;
	readonly type: string;
	/** A pseudonym. */
	readonly actor: string;
	readonly decision: string;
	readonly sandbox_id: string | null;
	/** Empty: of the whole org, or as the sandbox says. */
	readonly project: string;
	readonly agent: string;
	readonly request_id: string | null;
	readonly code: string | null;
}

/** A durable event that has no index yet. */
export interface AuditPendingTable extends AuditFields {
	readonly org_id: OrgId;
	readonly event_id: string;
}

/** An entry of the log. */
export interface AuditEntryTable extends AuditFields {
	readonly org_id: OrgId;
	readonly event_id: string;
	readonly index: number;
}

/** What an event told beyond its leaf, with the salt of its commitment; sealed by the org's data key. */
export interface AuditPayloadTable {
	readonly org_id: OrgId;
	readonly event_id: string;
	readonly data_key_id: string;
	readonly sealed: Bytes;
}

/** By which pseudonym an actor is known. Without the row nobody can tell, us included. */
export interface AuditSubjectTable {
	readonly org_id: OrgId;
	/** Keyed hash of the actor. */
	readonly lookup: Bytes;
	readonly pseudonym: string;
}

/** A full tile: 256 hashes. Those at the right edge are in `audit_trees`. */
export interface AuditTileTable {
	readonly org_id: OrgId;
	readonly level: number;
	readonly number: number;
	readonly hashes: Bytes;
}

/** How far an org's log has come. */
export interface AuditTreeTable {
	readonly org_id: OrgId;
	/** Name of the log in its checkpoints; another one only after a restored database went on in a new epoch. */
	origin: string;
	size: number;
	root: Bytes;
	/** The hashes of the tiles that are not full, level by level; how many each has follows from the size. */
	edge: Bytes;
	/** Raised whenever another process takes the log over, so that one that was stopped meanwhile cannot go on. */
	epoch: Generated<number>;
	sequencer: Generated<string>;
	/** Why nothing is sequenced or signed any more. */
	halted: string | null;
}

/** A checkpoint that was signed. */
export interface AuditCheckpointTable {
	readonly org_id: OrgId;
	readonly size: number;
	readonly root: Bytes;
	/** The signed note, exact bytes. */
	note: Bytes;
	key_id: string;
	signed_at: Moment;
}

/** Someone who cosigns checkpoints. */
export interface AuditWitnessTable {
	readonly org_id: OrgId;
	/** As its signature lines name it. */
	readonly key_id: string;
	readonly name: string;
	readonly vkey: string;
	readonly created_by: string;
	readonly created_at: Moment;
}

/** A signature line of a witness. */
export interface AuditCosignatureTable {
	readonly org_id: OrgId;
	readonly size: number;
	readonly witness: string;
	line: string;
	readonly created_at: Moment;
}

/** Every table there is; a test compares the names with the catalog. */
export interface Tables {
	readonly orgs: OrgTable;
	readonly projects: ProjectTable;
	readonly agents: AgentTable;
	readonly users: UserTable;
	readonly teams: TeamTable;
	readonly members: MemberTable;
	readonly api_keys: ApiKeyTable;
	readonly policies: PolicyTable;
	readonly policy_revisions: PolicyRevisionTable;
	readonly runtimes: RuntimeTable;
	readonly sandbox_specs: SandboxSpecTable;
	readonly sandboxes: SandboxTable;
	readonly compiled_policies: CompiledPolicyTable;
	readonly policy_statements: PolicyStatementTable;
	readonly data_keys: DataKeyTable;
	readonly org_keys: OrgKeyTable;
	readonly roots: RootTable;
	readonly bootstraps: BootstrapTable;
	readonly certificates: CertificateTable;
	readonly sandbox_status: SandboxStatusTable;
	readonly sessions: SessionTable;
	readonly host_events: HostEventTable;
	readonly security_events: SecurityEventTable;
	readonly idempotency_keys: IdempotencyKeyTable;
	readonly recompiles: RecompileTable;
	readonly watermarks: WatermarkTable;
	readonly audit_pending: AuditPendingTable;
	readonly audit_entries: AuditEntryTable;
	readonly audit_payloads: AuditPayloadTable;
	readonly audit_subjects: AuditSubjectTable;
	readonly audit_tiles: AuditTileTable;
	readonly audit_trees: AuditTreeTable;
	readonly audit_checkpoints: AuditCheckpointTable;
	readonly audit_witnesses: AuditWitnessTable;
	readonly audit_cosignatures: AuditCosignatureTable;
	readonly budget_periods: BudgetPeriodTable;
	readonly budget_reservations: BudgetReservationTable;
	readonly rate_windows: RateWindowTable;
	readonly approvals: ApprovalTable;
	readonly discovered_tools: DiscoveredToolTable;
	readonly approved_tools: ApprovedToolTable;
	readonly tool_pins: ToolPinTable;
	readonly clearances: ClearanceTable;
	readonly classifications: ClassificationTable;
	readonly secrets: SecretTable;
	readonly upstreams: UpstreamTable;
	readonly model_prices: ModelPriceTable;
	readonly mcp_servers: McpServerTable;
	readonly unenrolled_callers: UnenrolledCallerTable;
	readonly pseudonyms: PseudonymTable;
	readonly signals: SignalTable;
}
