/** Detectors for text that is still coming: the same rules as for whole texts, applied segment by segment. */
import type { Detection, DetectorName, OutputDetector } from '../detection.ts';
import { type ExfiltrationOptions, encodedBytesDefault } from '../exfiltration/detect-exfiltration.ts';
import { findUrls } from '../exfiltration/urls.ts';
import { limits } from '../limits.ts';
import { type PiiOptions, piiDetector } from '../pii/detect-pii.ts';
import { mayBeginSituation } from '../pii/situations.ts';
import { type SecretOptions, secretDetector } from '../secrets/detect-secrets.ts';
import { isLetter } from '../text/chars.ts';
import { settle } from '../text/overlap.ts';
import { WordIndex } from '../text/word-index.ts';
import { nextSegment, type Segment, type Segmenter } from './segments.ts';

export interface OutputOptions {
	readonly pii?: PiiOptions;
	readonly secrets?: SecretOptions;
	readonly exfiltration?: ExfiltrationOptions;
}

/** The detectors that `options` names, in the order PII, secrets, exfiltration (addresses only). */
export function outputDetectors(options: OutputOptions): readonly OutputDetector[] {
	const { pii, secrets, exfiltration } = options;
	const found: OutputDetector[] = [];
	if (pii !== undefined) found.push(detectorOf('pii', piiSegmenter(pii), piiDetector(pii)));
	if (secrets !== undefined) found.push(detectorOf('secrets', secretSegmenter, secretDetector(secrets)));
	if (exfiltration !== undefined) {
		const most = exfiltration.encodedBytesMax ?? encodedBytesDefault;
		found.push(detectorOf('exfiltration', addressSegmenter, (text) => settle(findUrls(text, most))));
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
		capitals: readsWords,
		word: (text, start, end) => readsSituations && holdsFor(text, start, end, mayBeginSituation),
	};
}

const secretWords: WordIndex<true> = new WordIndex(
	new Map(
		'token secret key password passwd passphrase pwd apikey authorization bearer basic credential credentials'
			.split(' ')
			.map((word) => [word, true]),
	),
);
const secretSegmenter: Segmenter = {
	capitals: false,
	word: (text, start, end) => holdsFor(text, start, end, isSecretWord),
};
function isSecretWord(text: string, start: number, end: number): boolean {
	return secretWords.get(text, start, end) === true;
}
const addressSegmenter: Segmenter = { capitals: false };

/** Signs that may stand on either side of a word. */
const signsMax = 4;
/** Whether `holds` for the letters of a word, without what stands around them. */
function holdsFor(
	text: string,
	start: number,
	end: number,
	holds: (text: string, start: number, end: number) => boolean,
): boolean {
	let from = start;
	let to = end;
	while (from < to && from - start < signsMax && isSign(text.charCodeAt(from))) from += 1;
	while (to > from && end - to < signsMax && isSign(text.charCodeAt(to - 1))) to -= 1;
	if (from === to) return false;
	if ((text.charCodeAt(from) | text.charCodeAt(to - 1)) < 128) return holds(text, from, to);
	const word = text.slice(start, end).replace(/^[^\p{L}]{1,4}|[^\p{L}]{1,4}$/gu, '');
	return word !== '' && holds(word, 0, word.length);
}
function isSign(code: number): boolean {
	return code < 128 && !isLetter(code);
}

function detectorOf(
	name: DetectorName,
	segmenter: Segmenter,
	judge: (text: string, from: number) => readonly Detection[],
): OutputDetector {
	const detectIn = (text: string, { start, end, decidedBefore }: Segment): readonly Detection[] => {
		const from = Math.max(0, start - limits.outputContext);
		return judge(text.slice(from, end), start - from)
			.map((one) => ({ ...one, start: one.start + from, end: one.end + from }))
			.filter((one) => one.start >= start && one.start < decidedBefore);
	};
	/** Goes through the segments; `take` gets what each holds. Returns where an undecided rest begins, alone without it. */
	const walk = (
		text: string,
		begin: number,
		complete: boolean,
		take?: (found: readonly Detection[]) => void,
	): number => {
		for (let from = begin; ; ) {
			const next = nextSegment(text, from, complete, segmenter);
			if (next.kind === 'none') return text.length;
			if (next.kind === 'open') return next.from;
			const { segment } = next;
			const whole = segment.decidedBefore === segment.end;
			const found = whole && take === undefined ? [] : detectIn(text, segment);
			take?.(found);
			from = whole ? segment.end : Math.max(segment.decidedBefore, found.at(-1)?.end ?? 0);
		}
	};
	const decide: OutputDetector['decide'] = (text, from, complete) => {
		const all: Detection[] = [];
		return { to: walk(text, from, complete, (found) => all.push(...found)), found: all };
	};
	return {
		name,
		window: limits.outputWindowMax,
		context: limits.outputContext,
		find: (text, from = 0, to = text.length) => decide(text, from, to === text.length).found,
		holdFrom: (text, from = 0) => walk(text, from, false),
		decide,
	};
}
