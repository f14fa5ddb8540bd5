/** The oldest Node, by its major version, that our programs are written for. */
const needed = 24;

/**
 * Whether this Node can run our programs; if not, says so on stderr and sets exit code 70. It stands in a module of its own
 * that imports nothing: what an older Node does not know is refused when it is loaded, in words that help nobody.
 *
 * @param program its name, for the message
 */
export function nodeIsNewEnough(program: string): boolean {
	const found = process.versions.node;
	if (Number(found.split('.')[0]) >= needed) return true;
	process.stderr.write(
		`${program}: error: Node ${needed} or newer is needed; this is Node ${found}, ${process.execPath}\n` +
			`${program}: hint: install it from https://nodejs.org or with npm install --global node@${needed}, and put it first on PATH\n`,
	);
	process.exitCode = 70;
	return false;
}
