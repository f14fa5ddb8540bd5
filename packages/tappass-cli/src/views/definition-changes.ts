/** What differs between two definitions of a tool, a line for each place: `~ /description: "a" → "b"`. */
export function definitionChanges(before: unknown, after: unknown, at = ''): readonly string[] {
	if (isGroup(before) && isGroup(after) && Array.isArray(before) === Array.isArray(after)) {
		const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
		return names.flatMap((name) => {
			const place = `${at}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
			if (!Object.hasOwn(after, name)) return [`- ${place}: ${JSON.stringify(before[name])}`];
			if (!Object.hasOwn(before, name)) return [`+ ${place}: ${JSON.stringify(after[name])}`];
			return definitionChanges(before[name], after[name], place);
		});
	}
	const [was, is] = [JSON.stringify(before), JSON.stringify(after)];
	return was === is ? [] : [`~ ${at || '/'}: ${was} → ${is}`];
}

function isGroup(value: unknown): value is Readonly<Record<string, unknown>> {
	return typeof value === 'object' && value !== null;
}
