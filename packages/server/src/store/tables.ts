import type {
	AuditCheckpointTable,
	AuditCosignatureTable,
	AuditEntryTable,
	AuditPayloadTable,
	AuditPendingTable,
	AuditSubjectTable,
	AuditTileTable,
	AuditTreeTable,
	AuditWitnessTable,
} from './audit-tables.ts';
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
	SignalTable,
	ToolPinTable,
	UnenrolledCallerTable,
	UpstreamTable,
} from './gateway-tables.ts';
import type {
	BootstrapTable,
	CertificateTable,
	HostEventTable,
	SandboxStatusTable,
	SandboxTable,
	SecurityEventTable,
	SessionTable,
} from './host-tables.ts';
import type { DataKeyTable, OrgKeyTable, RootTable, WatermarkTable } from './key-tables.ts';
import type {
	AgentTable,
	ApiKeyTable,
	IdempotencyKeyTable,
	MemberTable,
	OrgTable,
	ProjectTable,
	TeamTable,
	UserTable,
} from './people-tables.ts';
import type {
	CompiledPolicyTable,
	PolicyRevisionTable,
	PolicyStatementTable,
	PolicyTable,
	RecompileTable,
	RuntimeTable,
	SandboxSpecTable,
} from './policy-tables.ts';

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
