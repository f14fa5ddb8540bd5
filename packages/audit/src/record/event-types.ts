import type { AuditEvent } from './event.ts';

/** Fields that an event of some type must name. */
export type RequiredField =
	| 'sandbox_id'
	| 'session_id'
	| 'policy_version'
	| 'request_id'
	| 'step'
	| 'code'
	| 'level'
	| 'erases';

/** What an event of one type is, and what it must name. */
export interface EventTypeRow {
	/** What has happened when an event of this type is in the log. */
	readonly title: string;
	readonly requires: readonly RequiredField[];
	/** Members that its payload must have as texts that say something: a reason, above all. */
	readonly payload?: readonly string[];
}

function row(title: string, ...requires: readonly RequiredField[]): EventTypeRow {
	return { title, requires };
}
function withReason(title: string, ...requires: readonly RequiredField[]): EventTypeRow {
	return { title, requires, payload: ['reason'] };
}

const inCall = ['sandbox_id', 'session_id', 'policy_version', 'request_id'] as const;

/** Every type of event there is, as `noun.verb`, the verb in the past. A new one is a row here; none is written without. */
export const eventTypes: Readonly<Record<string, EventTypeRow>> = {
	// What an operator decides.
	'policy.applied': row('Policy was applied at a level', 'level'),
	'policy.removed': row('Policy was removed from a level', 'level'),
	'policy.rolled_back': row('A level was brought back to an earlier revision', 'level'),
	'policy.signed': row('A Compiled Policy was signed, or did not compile', 'sandbox_id', 'policy_version'),
	'runtime.applied': row('A Runtime was applied'),
	'spec.created': row('A sandbox spec was created'),
	'mcp.registered': row('An MCP server was registered'),
	'mcp.removed': row('An MCP server was removed'),
	'upstream.added': row('An upstream was added'),
	'upstream.removed': row('An upstream was removed'),
	'mcp.tested': row('An MCP server was asked for its tools'),
	'upstream.tested': row('An upstream was asked for an answer'),
	'operator.signed_in': row('An operator signed in'),
	'operator.refused': row('An operator asked for what their roles do not allow', 'code'),

	// Org, people, keys.
	'org.created': row('The org was created'),
	'team.created': row('A team was created'),
	'team.deleted': row('A team was deleted'),
	'member.put': row('A member was given a role'),
	'member.removed': row('A member lost a role'),
	'key.created': row('A key was made'),
	'key.rotated': row('A key was replaced'),
	'key.revoked': row('A key was revoked'),
	'secret.put': row('A secret was put into the vault'),
	'secret.removed': row('A secret was removed from the vault'),
	'root.accepted': row('A root document was accepted'),
	'epoch.bumped': row('The epoch was raised'),
	'break_glass.used': withReason('An admin overrode a rule, with a reason'),
	'webhook.put': row('A webhook was set up'),
	'webhook.removed': row('A webhook was removed'),

	// Enrolment and sync.
	'bootstrap.emitted': row('Bootstrap URLs were emitted'),
	'host.enrolled': row('A host enrolled a sandbox', 'sandbox_id'),
	'host.renewed': row('A host renewed its certificate', 'sandbox_id'),
	'host.event': row('A host told of something', 'sandbox_id'),
	'host.denied': row('The kernel ring or the egress proxy of a host denied something', 'sandbox_id', 'code'),
	'sandbox.loaded': row('A sandbox loaded a policy', 'sandbox_id', 'policy_version'),
	'sandbox.revoked': row('A sandbox was revoked'),
	'sandbox.locked': row('A sandbox was locked: its identity was seen twice', 'sandbox_id'),
	'sync.rejected': row('A host refused what it was sent', 'sandbox_id', 'code'),
	'security.alarm': row('Something looks like an attack', 'code'),

	// Sessions and calls.
	'session.opened': row('A session was opened', 'sandbox_id', 'session_id'),
	'session.closed': row('A session was closed', 'sandbox_id', 'session_id'),
	'session.killed': row('A session was killed', 'session_id', 'code'),
	'session.resumed': row('An operator let a killed session go on', 'session_id'),
	'call.admitted': row('A call was admitted and is about to be forwarded', ...inCall),
	'call.settled': row('A call is over; what it used is known', ...inCall),
	'call.denied': row('A call was denied', 'step', 'code'),
	'call.refused': row('A request was refused that no call could be read from', 'step', 'code'),

	// Approvals, discovery, information barriers.
	'approval.requested': row('A call waits for a person', 'sandbox_id', 'policy_version'),
	'approval.granted': row('A person, or another agent, approved a call'),
	'approval.denied': row('A person, or another agent, denied a call'),
	'approval.refused': row('An agent tried to decide about a call, and may not', 'sandbox_id', 'code'),
	'approval.opened': row('A person looked at the arguments of a call that waits'),
	'approval.used': row('An approval was used up', 'sandbox_id'),
	'tool.discovered': row('A tool was seen that the catalog does not know'),
	'tool.changed': row('The definition of a tool has changed'),
	'tool.approved': row('A discovered tool was approved'),
	'tool.denied': row('A discovered tool was denied'),
	'catalog.changed': row('The catalog was changed'),
	'agent.discovered': row('A call came from an agent that is not enrolled'),
	'agent.enrolled': row('A discovered agent was enrolled'),
	'clearance.granted': row('An agent was given a clearance'),
	'clearance.revoked': row('An agent lost a clearance'),
	'classification.changed': row('A resource was classified anew'),

	// Evaluation, drift, the log itself.
	'eval.finished': row('An evaluation has ended'),
	'drift.alerted': row('Production differs from its baseline'),
	'drift.acknowledged': row('An alert was acknowledged'),
	'drift.rebaselined': row('What is seen was approved as the new normal'),
	'audit.erased': row('Payloads or the person behind a pseudonym were erased'),
	'audit.exported': row('Entries were exported with their payloads'),
	'audit.opened': row('A payload was read'),
	'evidence.collected': row('What was in force in a period was read for an evidence pack'),
	'evidence.signed': row('An evidence pack was signed'),
	'witness.added': row('A witness of the log was added'),
	'witness.removed': row('A witness of the log was removed'),
};

/** What an event lacks for its type, as JSON pointers; undefined: there is no such type. */
export function missingFields(event: AuditEvent): readonly string[] | undefined {
	if (!Object.hasOwn(eventTypes, event.type)) return undefined;
	const { requires, payload: members = [] } = eventTypes[event.type]!;
	const payload = typeof event.payload === 'object' && event.payload !== null ? event.payload : {};
	const missing = requires.filter((field) => event[field] === undefined).map((field) => `/${field}`);
	const silent = members.filter((member) => {
		const text = (payload as Readonly<Record<string, unknown>>)[member];
		return typeof text !== 'string' || text.trim() === '';
	});
	return [...missing, ...silent.map((member) => `/payload/${member}`)];
}
