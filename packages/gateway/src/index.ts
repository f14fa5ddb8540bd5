export { createGateway, type Gateway, type GatewayOptions } from './app.ts';
export { isMetadataAddress } from './http/metadata-address.ts';
export type { ListedTool } from './mcp/outbound/listing.ts';
export { type MemoryOptions, type MemoryPorts, memoryPorts } from './memory/ports.ts';
export type {
	Admission,
	Admitted,
	Denial,
	Guarded,
	Identification,
	Identified,
	Outcome,
	OutputGuard,
	Pipeline,
	Route,
	Usage,
} from './pipeline/admission.ts';
export type { Call, Caller, ModelCall, OfferedTool, TextPart, ToolCall, Wire } from './pipeline/call.ts';
export { type Detectors, type Reading, shippedDetectors } from './pipeline/detectors.ts';
export { createPipeline, type PipelineOptions } from './pipeline/pipeline.ts';
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
	PseudonymPort,
	RecentCall,
	Session,
	SessionPort,
	SignalPort,
	UnenrolledPort,
	UpstreamPort,
} from './ports.ts';
export { type ModelProbe, probeModel, probeServer } from './probe.ts';
export { randomPool } from './random-pool.ts';
export type { DoorContext, Route as GatewayRoute } from './routes.ts';
export {
	type Deciders,
	isDecidedBy,
	judgeVote,
	type Proposal,
	type Vote,
	type VoteOutcome,
	type VoteRefusal,
	voterName,
} from './session/proposals.ts';
export { countCall, rememberCall } from './session/recent.ts';
