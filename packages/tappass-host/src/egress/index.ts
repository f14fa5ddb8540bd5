export { startEgress } from './start-egress.ts';
export type {
	Denial,
	DenialCode,
	Egress,
	EgressOptions,
	EgressPolicy,
	EgressSpan,
	PlaneDoor,
} from './types.ts';
