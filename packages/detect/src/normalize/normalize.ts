/** A text as a model may read it: folded, and with what is encoded in it laid open. */
import { limits } from '../limits.ts';
import { decodeAll, type Encoding } from './decode.ts';
import { type FoldSigns, fold } from './fold.ts';

export interface View {
	/** How it came from the text: `folded` always first, then one for each payload that was read. */
	readonly kind: 'folded' | 'hidden' | Encoding;
	readonly text: string;
	/** Layers of encoding that were opened. */
	readonly depth: number;
	/** Where units `start` to `end` of this view stand in the original; for a payload that is the whole payload. */
	readonly locate: (start: number, end: number) => { readonly start: number; readonly end: number };
}

/** Encodings of a run of characters inside a text. */
const runs: ReadonlySet<View['kind']> = new Set(['base64', 'hex', 'binary']);
/** Encodings of a whole text that can stand inside themselves; the others are undone by being applied again. */
const nests: ReadonlySet<View['kind']> = new Set(['percent', 'entities']);

export interface Normalized {
	readonly views: readonly [View, ...View[]];
	readonly signs: FoldSigns;
}

/**
 * Folds Unicode and opens encoded payloads, layer by layer. At most `limits.viewsMax` views, the outermost first.
 *
 * @param options.decodeDepth layers that are opened, `limits.decodeDepth` when not stated; 0 only folds
 */
export function normalize(text: string, options: { readonly decodeDepth?: number } = {}): Normalized {
	const { text: folded, offsets, signs } = fold(text);
	const root: View = {
		kind: 'folded',
		text: folded,
		depth: 0,
		locate:
			offsets === undefined
				? (start, end) => ({ start, end })
				: (start, end) => ({ start: offsets[start] ?? 0, end: originalEnd(offsets, end) }),
	};
	const views: [View, ...View[]] = [root];
	if (signs.hidden.length > 0) views.push(joined('hidden', 1, signs.hidden));
	const depthMax = options.decodeDepth ?? limits.decodeDepth;
	for (let index = 0; index < views.length && views.length < limits.viewsMax; index += 1) {
		const view = views[index]!;
		if (view.depth < depthMax) views.push(...opened(view).slice(0, limits.viewsMax - views.length));
	}
	return { views, signs };
}

/** What is encoded in a view: its payloads read as one text, however many there are, then the whole read otherwise. */
function opened(view: View): readonly View[] {
	const found = decodeAll(view.text).map(({ encoding, text, start, end }) => ({
		encoding,
		// Letters in disguise may be encoded too.
		text: fold(text).text,
		...view.locate(start, end),
	}));
	const payloads = found.filter(({ encoding }) => runs.has(encoding));
	const depth = view.depth + 1;
	return [
		...(payloads.length === 0 ? [] : [joined(payloads[0]!.encoding, depth, payloads)]),
		...found
			.filter(({ encoding }) => !runs.has(encoding) && (encoding !== view.kind || nests.has(encoding)))
			.map((one) => joined(one.encoding, depth, [one])),
	];
}

interface Payload {
	readonly text: string;
	readonly start: number;
	readonly end: number;
}
/** One view of several payloads, a line each. */
function joined(kind: View['kind'], depth: number, payloads: readonly Payload[]): View {
	const ends: number[] = [];
	let length = 0;
	for (const { text } of payloads) {
		length += text.length + 1;
		ends.push(length);
	}
	const at = (offset: number): Payload => {
		let low = 0;
		let high = ends.length - 1;
		while (low < high) {
			const middle = (low + high) >> 1;
			if (ends[middle]! <= offset) low = middle + 1;
			else high = middle;
		}
		return payloads[low]!;
	};
	return {
		kind,
		text: payloads.map(({ text }) => text).join('\n'),
		depth,
		locate: (start, end) => ({ start: at(start).start, end: at(Math.max(start, end - 1)).end }),
	};
}

/** A view's end is before the next kept unit: marks and invisible characters belong to what they follow. */
function originalEnd(offsets: Uint32Array, end: number): number {
	return offsets[Math.min(end, offsets.length - 1)] ?? 0;
}
