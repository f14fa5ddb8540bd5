/**
 * Classes that are told by what is said rather than by a form: health, biometrics, credentials in prose, minors, dates of
 * birth written in words. A telling word, then a short pattern anchored at it; every part of a pattern is bounded.
 */
import type { Detection } from '../detection.ts';
import { isLetter, isWordChar, runEnd } from '../text/chars.ts';
import { WordIndex } from '../text/word-index.ts';

export interface Rule {
	readonly class: string;
	/** Words that begin it, in lower case. */
	readonly words: string;
	/** Sticky, at the word. */
	readonly pattern: RegExp;
	readonly confidence: number;
	/** Someone must be spoken of within the same sentence. */
	readonly person?: true;
}

const conditions =
	'diabetes diabetic asthma asthmatic epilepsy cancer tumor tumour leukemia hiv aids hepatitis hypertension depression depressive bipolar schizophrenia autism autistic adhd dementia alzheimer parkinson sclerosis arthritis stroke migraine anorexia bulimia pregnant pregnancy miscarriage abortion chemotherapy dialysis transplant insulin metformin lisinopril sertraline prozac warfarin chlamydia syphilis tuberculosis covid ptsd endometriosis psoriasis crohn fibromyalgia';

export const situations: readonly Rule[] = [
	{ class: 'health', words: conditions, pattern: /[A-Za-z]{2,20}/y, confidence: 0.7, person: true },
	{ class: 'health', words: 'diagnosed', pattern: /diagnosed with [\w -]{3,40}/iy, confidence: 0.8, person: true },
	{ class: 'health', words: 'prescribed', pattern: /prescribed [\w -]{3,40}/iy, confidence: 0.7, person: true },
	{
		class: 'health',
		words: 'mrn medicaid medicare patient icd discharge',
		pattern:
			/(?:mrn|medicaid id|medicare id|patient id|patient number|icd-?10 code|discharge summary)[:# ]{0,3}[A-Za-z0-9.-]{2,20}/iy,
		confidence: 0.8,
	},
	{ class: 'health', words: 'npi', pattern: /npi[:# ]{1,3}\d{10}/iy, confidence: 0.9 },
	{
		class: 'biometric',
		words: 'fingerprint fingerprints',
		pattern: /fingerprints? (?:template|scan|record|data|hash|image|minutiae)/iy,
		confidence: 0.75,
		person: true,
	},
	{
		class: 'biometric',
		words: 'iris retina palm face facial voice',
		pattern:
			/(?:iris|retina|palm|face|facial|voice) ?(?:scan|print|template|embedding|geometry|vein|recognition data|data|id vp)/iy,
		confidence: 0.75,
		person: true,
	},
	{
		class: 'biometric',
		words: 'voiceprint faceprint',
		pattern: /(?:voice|face)print/iy,
		confidence: 0.75,
		person: true,
	},
	{
		class: 'biometric',
		words: 'dna genome',
		pattern: /(?:dna|genome) (?:profile|sample|sequence|test)/iy,
		confidence: 0.7,
		person: true,
	},
	{
		class: 'credential',
		words: 'password passwort contraseña passwd passphrase passcode pwd pass',
		pattern:
			/(?:password|passwort|contraseña|passwd|passphrase|passcode|pwd|pass)(?:\s{0,2}[:=]\s{0,2}| is | ist | es | )["'`]?(?=[^\s"'`]{0,40}[0-9!#$%&*@^+=-])[^\s"'`,;]{5,64}/iy,
		confidence: 0.75,
	},
	{
		class: 'credential',
		words: 'pin',
		pattern: /pin(?: code| number)?(?: is |[:= ]{1,3})\d{4,8}(?!\d)/iy,
		confidence: 0.75,
	},
	{
		class: 'credential',
		words: 'one otp verification security',
		pattern:
			/(?:one-time (?:code|password|passcode)|otp|verification code|security code)(?: is |[:= ]{1,3})\d{4,8}(?!\d)/iy,
		confidence: 0.8,
	},
	{
		class: 'credential',
		words: 'security',
		pattern: /security (?:answer|question)[: ]{1,3}[\w' ]{3,60}/iy,
		confidence: 0.7,
	},
	{
		class: 'credential',
		words: 'authorization',
		pattern: /authorization["']?: ?["']?(?:basic|bearer) [A-Za-z0-9+/=._~-]{8,300}/iy,
		confidence: 0.9,
	},
	{
		class: 'credential',
		words: 'mysql mysqldump psql',
		pattern: /mysql(?:dump|admin)? (?:-[uhP] ?[\w.-]{1,40} ){0,3}-p[^\s-][^\s]{3,60}/iy,
		confidence: 0.85,
	},
	{
		class: 'minor',
		words: 'son daughter child kid boy girl baby toddler niece nephew grandson granddaughter pupil student',
		pattern:
			/(?:son|daughter|child|kid|boy|girl|baby|toddler|niece|nephew|grandson|granddaughter|pupil|student),? (?:[\w'’-]{1,20},? ){0,4}?(?:is|turns|turned|aged?)(?: only| just)? (?:[1-9]|1[0-7])(?![\d%.])/iy,
		confidence: 0.85,
	},
	{
		class: 'minor',
		words: 'she he they a an aged i',
		pattern:
			/(?:(?:she|he|they)(?: is|'s)? )?(?:an? )?(?:[1-9]|1[0-7])[- ]years?[- ]old (?:boy|girl|child|student|kid|son|daughter|pupil|female|male|patient)/iy,
		confidence: 0.85,
	},
	{ class: 'minor', words: 'i', pattern: /i(?: am|'m) (?:[1-9]|1[0-7]) (?:and|years old|so|but)/iy, confidence: 0.75 },
	{ class: 'minor', words: 'minor', pattern: /minor \((?:age )?(?:[1-9]|1[0-7])\)/iy, confidence: 0.9 },
	{
		class: 'minor',
		words: 'guardian parental',
		pattern: /(?:guardian|parental) (?:consent|signed|permission|approval)/iy,
		confidence: 0.7,
	},
	{
		class: 'minor',
		words: 'kindergarten preschool nursery',
		pattern: /(?:kindergarten|preschool|nursery)[\w ':,.-]{0,60}?age[d:]? ?\d{1,2}/iy,
		confidence: 0.85,
	},
	{
		class: 'date_of_birth',
		words: 'born birthday birth dob',
		pattern:
			/(?:born|birthday|birth|dob)(?: is| on|:|,| date)?(?: the)? (?:\d{1,2}(?:st|nd|rd|th)? (?:of )?)?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.? ?\d{0,2}(?:st|nd|rd|th)?,? (?:18|19|20)\d{2}/iy,
		confidence: 0.85,
	},
];

const rulesByWord: ReadonlyMap<string, readonly Rule[]> = index();
const byWord: WordIndex<readonly Rule[]> = new WordIndex(rulesByWord);
function index(): ReadonlyMap<string, readonly Rule[]> {
	const map = new Map<string, Rule[]>();
	for (const rule of situations)
		for (const word of rule.words.split(' ')) {
			const list = map.get(word);
			if (list === undefined) map.set(word, [rule]);
			else list.push(rule);
		}
	return map;
}

/** Whether the word of `text` from `start` to `end` is one that a rule begins at. */
export function mayBeginSituation(text: string, start: number, end: number): boolean {
	return byWord.get(text, start, end) !== undefined;
}

const wordMax = 16;

/**
 * Situations in `text` that begin at `from` or later.
 *
 * @param names where people are named; asked only when it matters
 */
export function findSituations(text: string, from: number, names: () => readonly Detection[]): readonly Detection[] {
	const found: Detection[] = [];
	for (let at = wordStart(text, from); at < text.length; ) {
		if (!isWordChar(text.charCodeAt(at))) {
			at += 1;
			continue;
		}
		const start = at;
		while (at < text.length && isWordChar(text.charCodeAt(at))) at += 1;
		if (at - start > wordMax) continue;
		const list = byWord.get(text, start, at);
		for (const rule of list ?? []) {
			rule.pattern.lastIndex = start;
			const match = rule.pattern.exec(text);
			if (match === null || isLetterBefore(text, start)) continue;
			const end = start + match[0].trimEnd().length;
			if (rule.person === true && !speaksOfSomeone(text, start, end, names)) continue;
			found.push({ detector: 'pii', class: rule.class, start, end, confidence: rule.confidence });
		}
	}
	return found;
}
/** `from`, or where the word ends that it is inside of. */
function wordStart(text: string, from: number): number {
	return from > 0 && isWordChar(text.charCodeAt(from - 1)) ? runEnd(text, from, text.length, isWordChar) : from;
}
function isLetterBefore(text: string, at: number): boolean {
	return at > 0 && isLetter(text.charCodeAt(at - 1));
}

/** Characters around a finding in which someone must be spoken of. */
const near = 96;
const persons =
	/\b(?:she|he|her|his|him|patient|claimant|employee|customer|mother|father|wife|husband|son|daughter|i am|i'm|i have|my|mr|mrs|ms|dr|was diagnosed|discharge)\b/i;
function speaksOfSomeone(text: string, start: number, end: number, names: () => readonly Detection[]): boolean {
	if (persons.test(text.slice(Math.max(0, start - near), end + near))) return true;
	return names().some((name) => name.end > start - near && name.start < end + near);
}
