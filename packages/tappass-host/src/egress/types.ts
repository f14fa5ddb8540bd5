import type { EgressRules } from '@tappass/providers';

/** What a sandbox may reach now. */
export interface EgressPolicy {
	/** `egress-rules.json` as the bubblewrap Provider renders it. */
	readonly rules: EgressRules;
	/** The Runtime's `cidrs`: `10.1.0.0/16:443`, `[fd00::]/8:443`. */
	readonly cidrs: readonly string[];
}

/** Whom a capability token is for: `gateway` behind inference.local, `broker` behind mcp.local. */
export type PlaneDoor = 'gateway' | 'broker';

/** Why a connection or a request was refused; sent in `x-tappass-code` and audited. */
export type DenialCode =
	/** Nothing is allowed now: no good Keyring, or it has expired. */
	| 'keyring_expired'
	/** The host is not in the allow-list. */
	| 'domain_not_allowed'
	/** The host is on the list of a denied category. */
	| 'domain_denied'
	/** An address for instances' credentials or link-local; never reachable. */
	| 'metadata_address'
	/** A loopback, private or reserved address that the Runtime does not list with this port. */
	| 'private_address'
	/** The name does not resolve. */
	| 'name_unresolved'
	/** The name inside (TLS server name, Host header) is not the one that was asked for. */
	| 'host_mismatch'
	/** Not a request this proxy speaks. */
	| 'request_malformed'
	/** More connections than one sandbox may hold. */
	| 'connection_limit'
	/** An open tunnel or stream was closed: the live policy no longer allows it. */
	| 'revoked'
	/** The other side could not be reached; allowed, but failed. */
	| 'upstream_unreachable';

/** One refusal. Equal ones within a second are told once, with their count. */
export interface Denial {
	readonly code: DenialCode;
	/** One sentence for people; holds names and addresses, never content. */
	readonly reason: string;
	/** Host as asked for, when one was. */
	readonly host?: string;
	readonly port?: number;
	/** Address that was refused, when that was why. */
	readonly address?: string;
	/** Unix milliseconds of the first. */
	readonly at: number;
	/** How many equal ones this stands for. */
	readonly count: number;
}

/** What one connection or request was, when it has ended. */
export interface EgressSpan {
	readonly trace_id: string;
	readonly span_id: string;
	/** The caller's span, when it sent one. */
	readonly parent_id?: string;
	readonly kind: 'gateway' | 'broker' | 'http' | 'tunnel';
	readonly host: string;
	readonly port: number;
	/** Unix milliseconds. */
	readonly started_at: number;
	readonly duration_ms: number;
	/** HTTP status that was answered; absent for a tunnel. */
	readonly status?: number;
}

/** What an egress proxy is started with; it serves exactly one sandbox, which it knows by its socket. */
export interface EgressOptions {
	/** Path of the unix socket. Only its owner may connect: `launchSandbox` gives it to the agent's user. A stale socket there is replaced, a live one refused. */
	readonly socketPath: string;
	/** Asked for each request; null refuses everything, the agent plane too. Must give the same object while nothing changed. */
	readonly policy: () => EgressPolicy | null;
	/** The current capability token, or undefined when there is none in force: the request is refused then. */
	readonly token: (door: PlaneDoor) => string | undefined;
	/** Base URL of the agent plane, as the policy statement names it: dialled outside the rules above. */
	readonly agentPlaneUrl: string;
	/** PEM of the authorities that the agent plane's certificate must chain to; the system's when absent. */
	readonly agentPlaneCa?: string;
	/** Name → every address of it; the system's resolver when absent. */
	readonly resolve?: (host: string) => Promise<readonly string[]>;
	readonly onDenied: (denial: Denial) => void;
	readonly onSpan?: (span: EgressSpan) => void;
	/** Unix milliseconds; the wall clock when absent. */
	readonly now?: () => number;
}

/** A running egress proxy. */
export interface Egress {
	/** Holds every open connection to the policy as it is now, and closes those that are no longer allowed. */
	readonly refresh: () => void;
	/** Open connections of the sandbox. */
	readonly connections: () => number;
	/** Stops listening, ends everything and removes the socket. */
	readonly close: () => Promise<void>;
}
