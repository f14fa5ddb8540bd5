/** Numbers and codes of people: cards, accounts, national identifiers, telephones, dates of birth, IPv4 addresses. */
import { type CountryCode, parsePhoneNumberFromString } from 'libphonenumber-js/max';
import type { Detection } from '../detection.ts';
import { limits } from '../limits.ts';
import { isAsciiAlnum, isDigit, isLetter, runEnd } from '../text/chars.ts';
import { iban, luhn } from './checksums.ts';
import { type IdRule, rulesByShape } from './national-ids.ts';

/** A run of letters and digits, and what parts it from the next one. */
interface Atom {
	readonly start: number;
	readonly end: number;
	readonly digits: number;
}

/** Atoms that one number may be written in: `1 2345 6789 0123 4567 8` is six. */
const atomsMax = 9;
/** Letters and digits of the longest number, an IBAN. */
const unitsMax = 34;

/** Characters of the longest number with all that may part its atoms. */
const reachMax = unitsMax + 3 * atomsMax;

/** Numbers in `text` that end after `since`, surest first where they compete; the caller settles overlaps. */
export function findNumbers(text: string, since: number): readonly Detection[] {
	const found: Detection[] = [];
	const state = { phones: 0 };
	let digit = -1;
	for (let at = wordAfter(text, since - reachMax); at < text.length; ) {
		if (digit < at) digit = digitFrom(text, at);
		// Nothing that begins here reaches a digit.
		if (digit < 0) break;
		if (digit - at > reachMax) {
			at = wordAfter(text, digit - reachMax);
			continue;
		}
		if (!isAsciiAlnum(text.charCodeAt(at))) {
			at += 1;
			continue;
		}
		const dullEnd = isDigit(text.charCodeAt(at)) ? at : dullWordEnd(text, at);
		if (dullEnd > at) {
			at = dullEnd;
			continue;
		}
		const atoms = atomsFrom(text, at);
		const first = atoms[0]!;
		// What follows a letter of another script is the middle of a word.
		const inWord = at > 0 && isLetter(text.charCodeAt(at - 1));
		const dull = inWord || atoms.at(-1)!.end <= since || atoms.every(({ digits }) => digits === 0);
		const best = dull ? undefined : judge(text, atoms, state);
		if (best !== undefined) found.push(best);
		if (found.length >= 4 * limits.detectionsMax) break;
		at = best !== undefined && best.confidence >= 0.5 ? Math.max(best.end, first.end) : first.end;
	}
	return found;
}

const anyDigit = /\d/g;
function digitFrom(text: string, at: number): number {
	anyDigit.lastIndex = at;
	return anyDigit.test(text) ? anyDigit.lastIndex - 1 : -1;
}

/** `at`, or where the run ends that it is inside of; 0 when it is before the text. */
function wordAfter(text: string, at: number): number {
	if (at <= 0) return 0;
	return isAsciiAlnum(text.charCodeAt(at - 1)) ? runEnd(text, at, text.length, isAsciiAlnum) : at;
}

/** Where a run ends that begins with a letter and no number; `at` when it has a digit, or is short and stands before more. */
function dullWordEnd(text: string, at: number): number {
	let end = at + 1;
	for (; end < text.length; end += 1) {
		const code = text.charCodeAt(end);
		if (!isAsciiAlnum(code)) break;
		if (isDigit(code) && end < at + unitsMax) return at;
	}
	const short = end - at <= 4 && isAsciiAlnum(text.charCodeAt(end + 1)) && ' -./'.includes(text[end]!);
	return short ? at : end;
}

function atomsFrom(text: string, at: number): readonly Atom[] {
	const atoms: Atom[] = [];
	let start = at;
	let units = 0;
	while (atoms.length < atomsMax) {
		let end = start;
		let digits = 0;
		while (end < text.length && end - start <= unitsMax && isAsciiAlnum(text.charCodeAt(end))) {
			if (isDigit(text.charCodeAt(end))) digits += 1;
			end += 1;
		}
		units += end - start;
		if (units > unitsMax) break;
		// A word beside a number is no part of it; two or three letters may be.
		if (atoms.length > 0 && digits === 0 && end - start > 3 && !isBankCode(text, start, end)) break;
		atoms.push({ start, end, digits });
		if (atoms.length === 1 && digits === 0 && end - start > 4) break;
		const next = joined(text, end);
		if (next < 0) break;
		start = next;
	}
	return atoms.length === 0 ? [{ start: at, end: runEnd(text, at, text.length, isAsciiAlnum), digits: 0 }] : atoms;
}

/** Four capitals: the bank in an IBAN. */
function isBankCode(text: string, start: number, end: number): boolean {
	return end - start === 4 && runEnd(text, start, end, (code) => code >= 65 && code <= 90) === end;
}

/** Where the next atom begins when one separator, or a bracket with a blank, stands between; -1 otherwise. */
function joined(text: string, end: number): number {
	const one = text[end];
	if (one === undefined) return -1;
	if (!' -./()_–'.includes(one)) return -1;
	for (let width = 1; width <= 3; width += 1) {
		const code = text.charCodeAt(end + width);
		if (isAsciiAlnum(code)) return end + width;
		if (!(code === 32 || code === 40 || code === 41 || code === 45)) return -1;
	}
	return -1;
}

function judge(text: string, atoms: readonly Atom[], state: { phones: number }): Detection | undefined {
	let best: Detection | undefined;
	for (let count = atoms.length; count > 0; count -= 1) {
		const one = judgeParts(text, atoms, count, state);
		if (one !== undefined && (best === undefined || one.confidence > best.confidence)) best = one;
		if (best !== undefined && best.confidence >= 0.9) break;
	}
	return best;
}

/** The first atoms of a run, read as one number. */
class Candidate {
	readonly start: number;
	readonly end: number;
	/** Letters and digits alone, in upper case. */
	readonly compact: string;
	readonly separators: string;
	readonly digits: number;
	readonly #text: string;
	#before: string | undefined;
	#after: string | undefined;

	constructor(text: string, atoms: readonly Atom[], count: number) {
		let compact = '';
		let separators = '';
		let digits = 0;
		for (let index = 0; index < count; index += 1) {
			const atom = atoms[index]!;
			compact += text.slice(atom.start, atom.end);
			if (index > 0) separators += text[atom.start - 1]!;
			digits += atom.digits;
		}
		this.start = atoms[0]!.start;
		this.end = atoms[count - 1]!.end;
		this.compact = digits === compact.length ? compact : compact.toUpperCase();
		this.separators = separators;
		this.digits = digits;
		this.#text = text;
	}

	/** What stands before it, in lower case. Most candidates are told by their shape, and nobody asks. */
	get before(): string {
		this.#before ??= this.#text.slice(Math.max(0, this.start - 48), this.start).toLowerCase();
		return this.#before;
	}

	get after(): string {
		this.#after ??= this.#text.slice(this.end, this.end + 32).toLowerCase();
		return this.#after;
	}
}

function judgeParts(
	text: string,
	atoms: readonly Atom[],
	count: number,
	state: { phones: number },
): Detection | undefined {
	const { end } = atoms[count - 1]!;
	if (isLetter(text.charCodeAt(end)) || text[end] === '@' || text[end] === '_') return undefined;
	const candidate = new Candidate(text, atoms, count);
	if (candidate.digits < (candidate.digits === candidate.compact.length ? 4 : 2)) return undefined;
	const judged = [
		ipv4(candidate, text),
		date(candidate),
		account(candidate),
		card(candidate),
		identifier(candidate),
		phone(candidate, text, state),
	];
	return judged.reduce(
		(best, one) => (one !== undefined && (best === undefined || one.confidence > best.confidence) ? one : best),
		undefined,
	);
}

function detection(
	name: string,
	{ start, end }: { readonly start: number; readonly end: number },
	confidence: number,
): Detection {
	return { detector: 'pii', class: name, start, end, confidence };
}

function ipv4(candidate: Candidate, text: string): Detection | undefined {
	if (candidate.separators !== '...' || candidate.digits !== candidate.compact.length) return undefined;
	const written = text.slice(candidate.start, candidate.end);
	const parts = written.split('.');
	if (
		parts.length !== 4 ||
		parts.some((part) => part.length > 3 || Number(part) > 255 || (part.length > 1 && part[0] === '0'))
	)
		return undefined;
	if (text[candidate.start - 1] === '.' || (text[candidate.end] === '.' && isDigit(text.charCodeAt(candidate.end + 1))))
		return undefined;
	if (/\bv(?:ersion)?\.? ?$|release $/.test(candidate.before)) return undefined;
	// Addresses of no one: this host, any host, everyone.
	const own = /^(?:127\.|0\.|255\.255\.)/.test(written);
	return detection('ip_address', candidate, own ? 0.3 : 0.9);
}

const birthWords =
	/\b(?:born|birth|birthday|birthdate|dob|d\.o\.b|bday|geboren|geburtsdatum|naissance|né[e]?|nacimiento|nascita|geboortedatum|född)\b/;
function date(candidate: Candidate): Detection | undefined {
	if (!/^([-/.])\1$|^ {2}$/.test(candidate.separators) || candidate.compact.length > 8 || candidate.compact.length < 4)
		return undefined;
	if (candidate.digits !== candidate.compact.length) return undefined;
	return birthWords.test(candidate.before) ? detection('date_of_birth', candidate, 0.9) : undefined;
}

const ibanLengths: Readonly<Record<string, number>> = Object.fromEntries(
	'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24 SI19 SK24 SM27 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20'
		.split(' ')
		.map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
);
function account(candidate: Candidate): Detection | undefined {
	const { compact } = candidate;
	if (compact.length < 15 || ibanLengths[compact.slice(0, 2)] !== compact.length || !/^[A-Z]{2}[0-9]{2}/.test(compact))
		return undefined;
	return iban(compact) ? detection('iban', candidate, 0.99) : undefined;
}

const cardBeginnings =
	/^(?:4|5[1-5]|2[2-7]|3[47]|6(?:011|4[4-9]|5)|35(?:2[89]|[3-8])|30[0-5]|3[689]|62|50|5[6-9]|6[0-9]|2131|1800)/;
function card(candidate: Candidate): Detection | undefined {
	const { compact, digits } = candidate;
	if (digits !== compact.length || digits < 12 || digits > 19 || !/^[ -]*$/.test(candidate.separators))
		return undefined;
	if (!cardBeginnings.test(compact) || !luhn(compact) || /^(.)\1*$/.test(compact)) return undefined;
	const context = /card|credit|debit|visa|master|amex|maestro|payment|cc\b/.test(candidate.before + candidate.after);
	if (digits < 15 && !context && !/^3[0689]/.test(compact)) return detection('credit_card', candidate, 0.45);
	return detection('credit_card', candidate, context ? 0.99 : 0.92);
}

function identifier(candidate: Candidate): Detection | undefined {
	const { compact, separators } = candidate;
	if (compact.length > 16) return undefined;
	const rules = rulesByShape.get(shapeOf(compact));
	let best: Detection | undefined;
	for (const rule of rules ?? []) {
		if (rule.separators !== undefined && rule.separators !== separators) continue;
		if (!rule.valid(compact)) continue;
		const confidence = idConfidence(rule, candidate);
		if (best === undefined || confidence > best.confidence)
			best = detection(rule.class ?? 'national_id', candidate, confidence);
	}
	if (ukDriver(compact)) return detection('national_id', candidate, 0.85);
	return best;
}

function idConfidence(rule: IdRule, candidate: Candidate): number {
	const near = rule.context.some((word) => word !== '' && hasWord(candidate.before, word));
	if (near) return 0.95;
	const behind = rule.context.some((word) => word !== '' && hasWord(candidate.after, word));
	if (behind) return 0.8;
	return rule.strength === 'strong' ? 0.75 : 0.3;
}
/** `word` begins a word of `text`. */
function hasWord(text: string, word: string): boolean {
	for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1))
		if (at === 0 || !isLetter(text.charCodeAt(at - 1))) return true;
	return false;
}
function ukDriver(compact: string): boolean {
	return (
		compact.length === 16 &&
		/^[A-Z]{2,5}9{0,3}[0-9](?:[05][1-9]|[16][0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9][A-Z][A-Z9][0-9A-Z][A-Z]{2}$/.test(
			compact,
		)
	);
}
function shapeOf(compact: string): string {
	let shape = '';
	for (let at = 0; at < compact.length; at += 1) shape += isDigit(compact.charCodeAt(at)) ? 'N' : 'L';
	return shape;
}

const phoneWords =
	/\b(?:phone|telephone|tel|call|calling|mobile|cell|fax|number|contact|dial|ring|text|sms|whatsapp|reach|answering|office|hotline|registered|telepono|cep|telefon|handy|móvil|portable|téléphone|num[ée]ro)\b/;
const phoneWordsAfter = /^[\s,.)-]{0,3}\\?,? ?(?:office|fax|mobile|home|work|cell|phone)/;
const regions: readonly CountryCode[] = ['US', 'GB', 'FR', 'DE', 'ZA', 'AU', 'NL', 'IT', 'ES', 'CH', 'SE', 'IN', 'BR'];

function phone(candidate: Candidate, text: string, state: { phones: number }): Detection | undefined {
	const { compact, digits, separators } = candidate;
	if (digits !== compact.length || digits < 6 || digits > 15) return undefined;
	if (
		/^[12][0-9]{3}$/.test(text.slice(candidate.start, candidate.start + 4)) &&
		/^[-/.]/.test(separators) &&
		digits === 8
	)
		return undefined;
	let start = candidate.start;
	if (text[start - 1] === '(') start -= 1;
	if (text[start - 1] === '+') start -= 1;
	else if (text[start - 1] === ' ' && text[start - 2] === '+') start -= 2;
	const before = start === candidate.start ? text[start - 1] : text[start - 1];
	if (
		before !== undefined &&
		'#$€£.-/_=\\'.includes(before) &&
		start === candidate.start &&
		before !== '-' &&
		before !== '='
	)
		return undefined;
	const written = text.slice(start, candidate.end);
	const span = { start, end: candidate.end };
	const context = phoneWords.test(candidate.before) || phoneWordsAfter.test(candidate.after);
	if (written.startsWith('+'))
		return digits >= 8 && parses(written, undefined, state)
			? detection('phone', span, 0.96)
			: context
				? detection('phone', span, 0.8)
				: undefined;
	if (written.startsWith('00') && digits >= 10 && context) return detection('phone', span, 0.85);
	const grouped = separators.length > 0;
	if (context && digits >= 7) return detection('phone', span, grouped || digits >= 9 ? 0.85 : 0.6);
	if (!grouped || digits < 8) return undefined;
	if (/^\(?\d{3}\)?[ .-]{1,2}\d{3}[ .-]\d{4}$/.test(written)) return detection('phone', span, 0.7);
	if (written[0] === '(' || written[0] === '0') {
		if (state.phones < limits.phoneParsesMax && regions.some((region) => parses(written, region, state)))
			return detection('phone', span, 0.65);
	}
	return detection('phone', span, 0.35);
}

function parses(written: string, region: CountryCode | undefined, state: { phones: number }): boolean {
	if (state.phones >= limits.phoneParsesMax) return region === undefined;
	state.phones += 1;
	const number = parsePhoneNumberFromString(written.slice(0, 40), region);
	return number?.isPossible() === true && (region === undefined || number.isValid());
}
