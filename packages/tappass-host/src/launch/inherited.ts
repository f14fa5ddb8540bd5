import { closeSync, readdirSync, readFileSync } from 'node:fs';

/** Of descriptor flags in /proc/self/fdinfo: closed when another program begins (O_CLOEXEC). */
const closedByExec = 0o2000000;

/**
 * Descriptors that whoever started this process has left open, and that would stay open in what it starts. Node opens none
 * that way itself, and takes the low ones out; a shell's `exec 200>lock` is what is left. Looked at when this is loaded, so
 * before anything else could open one.
 */
let inherited: readonly number[] = readdirSync('/proc/self/fd')
	.map(Number)
	.filter((fd) => fd > 2 && staysOpen(fd));

/**
 * Closes them: a directory of the host that stays open in an agent is a way out of its sandbox, whatever is mounted there.
 * Call it before anything is started.
 */
export function closeInherited(): void {
	for (const fd of inherited) {
		try {
			closeSync(fd);
		} catch {
			// Closed since: that is what is wanted.
		}
	}
	inherited = [];
}

function staysOpen(fd: number): boolean {
	try {
		const [, flags] = /^flags:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1')) ?? [];
		return flags !== undefined && (Number.parseInt(flags, 8) & closedByExec) === 0;
	} catch {
		// The one that the listing itself had open.
		return false;
	}
}
