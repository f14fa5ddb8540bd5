export type { Admission, Admitted, Denial, Guarded, Outcome, OutputGuard, Route, Usage } from './pipeline/admission.ts';
export type { Call, Caller, ModelCall, OfferedTool, TextPart, ToolCall, Wire } from './pipeline/call.ts';
export type {
	ApprovalBinding,
	ApprovalPort,
	AuditPort,
	BarrierPort,
	BoundPolicy,
	BudgetPort,
	DiscoveryPort,
	GatewayPorts,
	MandatePort,
	McpServer,
	McpServerPort,
	PolicyPort,
	RecentCall,
	Session,
	SessionPort,
	SignalPort,
	UnenrolledPort,
	UpstreamPort,
} from './ports.ts';
