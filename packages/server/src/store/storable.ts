/*
 * PostgreSQL holds no NUL, neither in a text nor in JSON. What hosts, agents and MCP servers send may have one, and what they
 * tell of must be kept all the same: one character must not undo a whole batch. U+FFFD stands in its place.
 */

/** A text as a column holds it. */
export function storableText(text: string): string {
	return text.replaceAll('\0', '\ufffd');
}

/** JSON as a column holds it. @param json printed: there a NUL is an escape, and a backslash before it another */
export function storableJson(json: string): string {
	return json.replaceAll(/(?<!\\)((?:\\\\)*)\\u0000/g, '$1\\ufffd');
}
