import { type ErrorCode, type Json, TapPassError } from '@tappass/core';
import { parsePayload } from '../envelope/payload.ts';
import { acceptKeyring } from './accept-keyring.ts';
import { acceptRootChain } from './accept-root-chain.ts';
import { assertClock } from './clock.ts';
import type { Now } from './now.ts';
import { assertNewSequence } from './sequence.ts';
import type { State } from './state.ts';

/** What `decide` answers. */
export type Decision = Acceptance | Rejection;

/** The payload is believed; `state` takes the place of the old one, its floor stored durably first. */
export interface Acceptance {
	readonly accept: true;
	readonly kind: 'keyring' | 'root';
	readonly state: State;
}

/** The payload is not believed and nothing changes: the keyring in force stays until its own end. */
export interface Rejection {
	readonly accept: false;
	readonly code: ErrorCode;
	readonly detail?: string;
	/** Whom a misdirected payload was for: `claimed_org_id`, `claimed_sandbox_id`. */
	readonly fields: Readonly<Record<string, string | number>>;
	/** A person must look: this does not happen by accident. */
	readonly alarm: boolean;
	/** Two truths were signed: no further policy change is to be trusted until the cause is known. */
	readonly quarantine: boolean;
	/** The root may be out of date: fetch newer root documents once, and note it with `spendRootRefresh`. */
	readonly refresh_root: boolean;
}

/**
 * Decides whether a host may believe `bytes`: a keyring, or a chain of root documents.
 * Total, pure and bounded: any bytes get an answer, no state is changed, nothing is parsed past 1 MiB, and no statement
 * is parsed before its signatures have held.
 *
 * @param bytes a `tappass.keyring/1` or `tappass.root-chain/1` document
 * @param now the host's clocks
 * @see DESIGN.md §5; TUF client workflow 5.3 to 5.5
 */
export function decide(state: State, bytes: Uint8Array, now: Now): Decision {
	try {
		return accepted(state, bytes, now);
	} catch (error) {
		return rejected(error, state);
	}
}

function accepted(state: State, bytes: Uint8Array, now: Now): Acceptance {
	const value = parseDocument(bytes);
	assertClock(state.floor, now.wall_ms);
	switch (value['schema']) {
		case 'tappass.keyring/1':
			return { accept: true, kind: 'keyring', state: acceptKeyring(state, value, now, assertNewSequence) };
		case 'tappass.root-chain/1':
			return { accept: true, kind: 'root', state: acceptRootChain(state, value, now) };
		default:
			throw new TapPassError('payload_malformed', { detail: 'neither a keyring nor a chain of roots' });
	}
}

/** Outer bytes → JSON object. @throws {TapPassError} payload_too_large, payload_malformed */
export function parseDocument(bytes: Uint8Array): { readonly [key: string]: Json } {
	const value = parsePayload(bytes);
	if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as { [key: string]: Json };
	throw new TapPassError('payload_malformed', { detail: 'expected a JSON object' });
}

const alarming: ReadonlySet<ErrorCode> = new Set(['version_conflict', 'audience_mismatch', 'version_jump']);

function rejected(error: unknown, state: State): Rejection {
	// A fault of ours refuses too: what could not be checked is not believed.
	const { code, detail, fields } = error instanceof TapPassError ? error : new TapPassError('internal');
	return Object.freeze({
		accept: false,
		code,
		...(detail === undefined ? {} : { detail }),
		fields,
		alarm: alarming.has(code),
		quarantine: code === 'version_conflict',
		refresh_root: code === 'key_unknown' && state.root_refresh === 'allowed',
	});
}
