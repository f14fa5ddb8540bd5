/** Why TapPass refused something, as a value: a denial is an answer, not an error. */
export interface Denial {
	readonly denied: true;
	/** HTTP status of the answer. */
	readonly status: number;
	readonly code: string;
	readonly message: string;
	/** The Because trail, a line each, back to whoever wrote the rule. */
	readonly because: readonly string[];
	/** Names the call on the audit log. */
	readonly request_id: string;
	readonly step?: string;
	readonly level?: string;
	/** Of an approval that a person can grant: call again with it once it is granted. */
	readonly ticket?: string;
}

/** Reads a denial from a problem document; undefined for anything else. */
export function denialOf(status: number, body: unknown): Denial | undefined {
	if (typeof body !== 'object' || body === null) return undefined;
	const said = body as Readonly<Record<string, unknown>>;
	const { code, request_id } = said;
	if (typeof code !== 'string') return undefined;
	const text = (name: string): string | undefined => (typeof said[name] === 'string' ? said[name] : undefined);
	const because = Array.isArray(said['because']) ? said['because'].filter((line) => typeof line === 'string') : [];
	const more = Object.fromEntries(
		['step', 'level', 'ticket'].flatMap((name) => (text(name) === undefined ? [] : [[name, text(name)]])),
	);
	return {
		denied: true,
		status,
		code,
		message: text('detail') ?? text('title') ?? code,
		because,
		request_id: typeof request_id === 'string' ? request_id : '',
		...more,
	};
}
