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

/** Encodings that can stand inside themselves; the others are undone by being applied again. */
const payloads: ReadonlySet<Encoding> = new Set(['base64', 'hex', 'binary', 'percent', 'entities']);

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
	for (const { text: hidden, start, end } of signs.hidden)
		if (views.length < limits.viewsMax)
			views.push({ kind: 'hidden', text: hidden, depth: 1, locate: () => ({ start, end }) });
	const depthMax = options.decodeDepth ?? limits.decodeDepth;
	for (let index = 0; index < views.length && views.length < limits.viewsMax; index += 1) {
		const view = views[index]!;
		if (view.depth >= depthMax) continue;
		for (const found of decodeAll(view.text)) {
			// What one layer turned round, the next would turn back.
			if (views.length >= limits.viewsMax) break;
			if (found.encoding === view.kind && !payloads.has(found.encoding)) continue;
			const span = view.locate(found.start, found.end);
			views.push({
				kind: found.encoding,
				text: view.depth === 0 ? found.text : fold(found.text).text,
				depth: view.depth + 1,
				locate: () => span,
			});
		}
	}
	return { views, signs };
}

/** A view's end is before the next kept unit: marks and invisible characters belong to what they follow. */
function originalEnd(offsets: Uint32Array, end: number): number {
	return offsets[Math.min(end, offsets.length - 1)] ?? 0;
}
