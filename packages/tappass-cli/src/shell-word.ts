/** A word of a command line that people copy: quoted unless it is plain, since the name of a log may hold what a shell would run. */
export function shellWord(text: string): string {
	return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
