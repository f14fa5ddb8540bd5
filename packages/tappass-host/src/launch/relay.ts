import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { TapPassError } from '@tappass/core';
import { limits } from '../limits.ts';
import { identify, isAlive, type ProcessIdentity } from './process-identity.ts';
import { systemProgram } from './programs.ts';

/** 127.0.0.1:3128, listening, as /proc/net/tcp writes it. */
const listening = /^ *\d+: 0100007F:0C38 \S+ 0A /m;

/**
 * Starts the relay of a sandbox: outside it but for its network, as the agent's user, without privilege. There the agent can
 * neither reach it nor fill it up with processes, and no socket of the host is mounted inside. Returns when it listens.
 *
 * @throws {TapPassError} sandbox_failed
 */
export async function startRelay(
	[outer, inner]: readonly [ProcessIdentity, ProcessIdentity],
	socket: string,
	user: { readonly uid?: number; readonly gid?: number },
): Promise<ProcessIdentity> {
	const relay = spawn(
		systemProgram('nsenter'),
		[
			...[`--user=/proc/${outer.pid}/ns/user`, `--net=/proc/${inner.pid}/ns/net`, '--preserve-credentials', '--'],
			// Last, since entering a namespace takes it back; and without the privilege that root of that namespace would keep.
			...[
				systemProgram('setpriv'),
				'--pdeathsig=KILL',
				'--no-new-privs',
				'--bounding-set=-all',
				'--inh-caps=-all',
				'--',
			],
			systemProgram('socat'),
			`TCP4-LISTEN:3128,bind=127.0.0.1,reuseaddr,fork,backlog=128,max-children=${limits.relayConnectionsMax}`,
			`UNIX-CONNECT:${socket}`,
		],
		{ ...user, cwd: '/', env: {}, stdio: 'ignore' },
	);
	return untilListening(relay, inner);
}

async function untilListening(relay: ChildProcess, inner: ProcessIdentity): Promise<ProcessIdentity> {
	const end = performance.now() + limits.sandboxStartMs;
	let broken = false;
	relay.once('error', () => (broken = true)).once('exit', () => (broken = true));
	while (!broken && isAlive(inner) && performance.now() < end) {
		if (listening.test(readFileSync(`/proc/${inner.pid}/net/tcp`, 'latin1'))) {
			const identity = relay.pid === undefined ? undefined : identify(relay.pid);
			if (identity !== undefined) return identity;
		}
		await new Promise((resolve) => setTimeout(resolve, 1));
	}
	relay.kill('SIGKILL');
	throw new TapPassError('sandbox_failed', { detail: 'the relay to the egress proxy did not start' });
}
