/** Whether a value beside a telling name looks like a credential rather than like code, a placeholder or a word. */
import { bytesOfBase64 } from '../normalize/bytes.ts';
import { entropy, isBase64, isDigit, isHex, isLower, isUpper, runEnd } from '../text/chars.ts';

const placeholders =
	/example|your|placeholder|insert|changeme|change_me|dummy|sample|redacted|xxxxxx|\*\*\*|\.\.\.|<|>|\$\{|\{\{|%s|process\.|env\.|getenv|undefined|null|foobar|test-?token|fake|todo/i;

/** A value that was drawn at random: letters and digits that change places often, and no words. */
export function looksRandom(value: string): boolean {
	if (value.length < 12 || value.length > 512 || placeholders.test(value) || isCode(value)) return false;
	if (isCountedOut(value)) return false;
	const shape = shapeOf(value);
	if (shape.digits === 0 && !(shape.cased && value.length >= 20 && entropy(value) > 4.2)) return false;
	if (shape.letters === 0) return shape.digits >= 16 && shape.other === 0;
	if (shape.hex) return value.length >= 16 && entropy(value) > 2.6;
	// Long runs of digits and of letters, but all of the alphabet: an identifier of a device or an account.
	if (value.length >= 32 && shape.digits >= 8 && shape.letters >= 6 && entropy(value) > 3.5) return true;
	const changes = shape.changes / value.length;
	return changes >= 0.16 && entropy(value) > (value.length < 20 ? 2.9 : 3.2);
}

/** `123456789012345…`: a third or more of the value counts upwards past ten, which nothing that is drawn does. */
function isCountedOut(value: string): boolean {
	let longest = 1;
	let run = 1;
	for (let at = 1; at < value.length; at += 1) {
		run = follows(value.charCodeAt(at - 1) | 32, value.charCodeAt(at) | 32) ? run + 1 : 1;
		if (run > longest) longest = run;
	}
	return longest > 10 && longest * 3 >= value.length;
}
/** The next digit or letter; after nine comes naught, or one. */
function follows(before: number, code: number): boolean {
	return code === before + 1 || (before === 57 && (code === 48 || code === 49)) || (before === 48 && code === 49);
}

/** Addresses, calls and paths are read by programs, not kept from people. */
function isCode(value: string): boolean {
	return value.includes('://') || /[()]|\.(?:mod|js|ts|py|go|json|md)$/.test(value) || isEncodedProse(value);
}

/** Base64 of words with blanks between them. */
function isEncodedProse(value: string): boolean {
	if (!value.endsWith('=') || runEnd(value, 0, value.length, isBase64) < value.length - 2) return false;
	const bytes = bytesOfBase64(value.replaceAll('=', ''));
	return bytes.includes(32) && bytes.every((byte) => byte >= 32 && byte < 127);
}

/** A value that a person chose as a password: no blank, and more than a word. */
export function looksChosen(value: string): boolean {
	if (value.length < 6 || value.length > 128 || placeholders.test(value) || isCode(value)) return false;
	const { digits, letters, other } = shapeOf(value);
	return letters > 0 && (digits > 0 || other > 0) && !/^[\w.]*[([{]/.test(value) && !/^[a-z_.]+$/i.test(value);
}

interface Shape {
	readonly digits: number;
	readonly letters: number;
	readonly other: number;
	readonly hex: boolean;
	/** Both cases, mixed inside: not `camelCase` of a few words. */
	readonly cased: boolean;
	/** Times that neighbours are of different kinds. */
	readonly changes: number;
}

function shapeOf(value: string): Shape {
	let digits = 0;
	let lower = 0;
	let upper = 0;
	let hex = 0;
	let changes = 0;
	let before = -1;
	for (let at = 0; at < value.length; at += 1) {
		const code = value.charCodeAt(at);
		const kind = isDigit(code) ? 0 : isLower(code) ? 1 : isUpper(code) ? 2 : 3;
		if (kind === 0) digits += 1;
		else if (kind === 1) lower += 1;
		else if (kind === 2) upper += 1;
		if (isHex(code) || code === 45) hex += 1;
		// `Word` is one change that means nothing.
		if (before >= 0 && kind !== before && !(before === 2 && kind === 1)) changes += 1;
		before = kind;
	}
	const letters = lower + upper;
	return {
		digits,
		letters,
		other: value.length - letters - digits,
		hex: hex === value.length && digits > 0,
		cased: lower > 0 && upper > 0,
		changes,
	};
}
