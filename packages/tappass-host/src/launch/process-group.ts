import { readdirSync, readFileSync } from 'node:fs';
import { identify, isAlive, type ProcessIdentity, signalProcess } from './process-identity.ts';

/**
 * Ends everything of the process group that `leader` began. Called when the leader has just ended, or by a later daemon: the
 * number of a group is not given again while one of it lives, but may be when all have gone, so whoever has the leader's
 * number now, or is older than the leader was, is none of it.
 */
export function endGroup(leader: ProcessIdentity): void {
	const now = identify(leader.pid);
	if (now !== undefined && !isAlive(leader)) return;
	for (const one of membersOf(leader)) signalProcess(one, 'SIGKILL');
}

/** Who of the group is left. */
export function membersOf({ boot, pid, started }: ProcessIdentity): readonly ProcessIdentity[] {
	return readdirSync('/proc')
		.filter((name) => /^\d+$/.test(name) && groupOf(name) === pid)
		.map((name) => identify(Number(name)))
		.filter((one) => one !== undefined)
		.filter((one) => one.boot === boot && BigInt(one.started) >= BigInt(started));
}

function groupOf(pid: string): number | undefined {
	try {
		const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
		return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]);
	} catch {
		// It has ended meanwhile.
		return undefined;
	}
}
