/** Detectors for text that is still coming: the same rules as for whole texts, applied segment by segment. */
import type { Detection, DetectorName, OutputDetector } from '../detection.ts';
import { type ExfiltrationOptions, encodedBytesDefault } from '../exfiltration/detect-exfiltration.ts';
import { findUrls } from '../exfiltration/urls.ts';
import { limits } from '../limits.ts';
import { detectPii, type PiiOptions } from '../pii/detect-pii.ts';
import { situationWords } from '../pii/situations.ts';
import { detectSecrets, type SecretOptions } from '../secrets/detect-secrets.ts';
import { settle } from '../text/overlap.ts';
import { hasCapital, hasSigns, nextSegment, type Segment, type Segmenter } from './segments.ts';

export interface OutputOptions {
	readonly pii?: PiiOptions;
	readonly secrets?: SecretOptions;
	readonly exfiltration?: ExfiltrationOptions;
}

/** The detectors that `options` names, in the order PII, secrets, exfiltration (addresses only). */
export function outputDetectors(options: OutputOptions): readonly OutputDetector[] {
	const { pii, secrets, exfiltration } = options;
	const found: OutputDetector[] = [];
	if (pii !== undefined) found.push(detectorOf('pii', piiSegmenter(pii), (text) => detectPii(text, pii)));
	if (secrets !== undefined) found.push(detectorOf('secrets', secretSegmenter, (text) => detectSecrets(text, secrets)));
	if (exfiltration !== undefined) {
		const most = exfiltration.encodedBytesMax ?? encodedBytesDefault;
		found.push(detectorOf('exfiltration', { matters: hasSigns }, (text) => settle(findUrls(text, most))));
	}
	return found;
}

/** Classes that are told by capitals and by words rather than by signs. */
const worded: ReadonlySet<string> = new Set([
	'person_name',
	'street_address',
	'health',
	'biometric',
	'minor',
	'date_of_birth',
]);
function piiSegmenter({ classes }: PiiOptions): Segmenter {
	const readsWords = classes === undefined || classes.some((name) => worded.has(name));
	const readsSituations = readsWords || classes?.includes('credential') === true;
	return {
		matters: (text, start, end) =>
			hasSigns(text, start, end) ||
			(readsWords && hasCapital(text, start, end)) ||
			(readsSituations && situationWords.has(wordOf(text, start, end))),
	};
}

const secretWords: ReadonlySet<string> = new Set(
	'token secret key password passwd passphrase pwd apikey authorization bearer basic credential credentials'.split(' '),
);
const secretSegmenter: Segmenter = {
	matters: (text, start, end) => hasSigns(text, start, end) || secretWords.has(wordOf(text, start, end)),
};
/** The letters of a word, in lower case, without what stands around them. */
function wordOf(text: string, start: number, end: number): string {
	return text
		.slice(start, end)
		.toLowerCase()
		.replace(/^[^\p{L}]{1,4}|[^\p{L}]{1,4}$/gu, '');
}

function detectorOf(
	name: DetectorName,
	segmenter: Segmenter,
	judge: (text: string) => readonly Detection[],
): OutputDetector {
	const detectIn = (text: string, { start, end, decidedBefore }: Segment): readonly Detection[] => {
		const from = Math.max(0, start - limits.outputContext);
		return judge(text.slice(from, end))
			.map((one) => ({ ...one, start: one.start + from, end: one.end + from }))
			.filter((one) => one.start >= start && one.start < decidedBefore);
	};
	/** Goes through the segments; `take` gets what each holds. Returns where an undecided rest begins. */
	const walk = (
		text: string,
		begin: number,
		complete: boolean,
		take: (found: readonly Detection[]) => void,
	): number => {
		for (let from = begin; ; ) {
			const next = nextSegment(text, from, complete, segmenter);
			if (next.kind === 'none') return text.length;
			if (next.kind === 'open') return next.from;
			const { segment } = next;
			const whole = segment.decidedBefore === segment.end;
			const found = detectIn(text, segment);
			take(found);
			from = whole ? segment.end : Math.max(segment.decidedBefore, found.at(-1)?.end ?? 0);
		}
	};
	return {
		name,
		window: limits.outputWindowMax,
		context: limits.outputContext,
		find: (text, from = 0, to = text.length) => {
			const all: Detection[] = [];
			walk(text, from, to === text.length, (found) => all.push(...found));
			return all;
		},
		holdFrom: (text, from = 0) => walk(text, from, false, () => undefined),
	};
}
