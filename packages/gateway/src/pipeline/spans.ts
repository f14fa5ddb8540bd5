/** A part of a text and what takes its place. */
export interface Span {
	readonly start: number;
	readonly end: number;
	readonly text: string;
}

/** The text with its spans replaced. Where spans overlap, they are replaced as one, by what the first of them says. */
export function replaceSpans(text: string, spans: readonly Span[]): string {
	let out = '';
	let at = 0;
	for (const { start, end, text: instead } of joinSpans(spans)) {
		out += text.slice(at, start) + instead;
		at = end;
	}
	return out + text.slice(at);
}

/** The spans in their order, those that overlap as one. */
export function joinSpans(spans: readonly Span[]): readonly Span[] {
	// At one place the longest first, so that nothing of what was found is left standing.
	const sorted = [...spans].sort((a, b) => a.start - b.start || b.end - a.end);
	const all: Span[] = [];
	for (const span of sorted) {
		const last = all.at(-1);
		if (last === undefined || span.start >= last.end) all.push(span);
		else if (span.end > last.end) all[all.length - 1] = { ...last, end: span.end };
	}
	return all;
}
