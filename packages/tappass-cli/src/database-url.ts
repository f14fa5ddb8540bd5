/** Whether a command line names a database with its password: whoever may list processes reads that. */
export function showsPassword(argv: readonly string[]): boolean {
	return argv.some((word) => {
		const url = URL.parse(word.replace(/^--database=/, ''));
		return (
			url !== null &&
			/^postgres(?:ql)?:$/.test(url.protocol) &&
			(url.password !== '' || url.searchParams.has('password'))
		);
	});
}
