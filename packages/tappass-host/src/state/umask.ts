/**
 * Does something that happens at once under a mask of its own: what a socket is made with, or a program begins with, is not
 * for whoever started the daemon to say.
 *
 * @param act must not wait for anything: the mask is the whole process's
 */
export function underUmask<T>(mask: number, act: () => T): T {
	const before = process.umask(mask);
	try {
		return act();
	} finally {
		process.umask(before);
	}
}
