/**
 * Unicode folding: what a model reads as the same letter becomes the same letter, and what nobody sees goes away.
 * Hidden channels (tag characters, variation selectors) are taken out and read.
 */
export interface Folded {
	readonly text: string;
	/** Offset in the original of each unit of `text`, and one more for its end; undefined when nothing moved. */
	readonly offsets: Uint32Array | undefined;
	readonly signs: FoldSigns;
}

/** What was seen while folding, for the detector of obfuscation. Offsets are those of the first one seen. */
export interface FoldSigns {
	/** Characters without width between two letters. */
	readonly zeroWidth: number;
	/** Overrides of the direction of writing. */
	readonly bidi: number;
	/** Letters that carry two or more combining marks, or a mark that strikes them through. */
	readonly stacked: number;
	/** Letters of another alphabet in a word of Latin ones. */
	readonly confusable: number;
	/** Letters in mathematical, enclosed or full-width form. */
	readonly styled: number;
	readonly first: number;
	readonly last: number;
	/** Text written in characters that are not displayed. */
	readonly hidden: readonly HiddenText[];
}
export interface HiddenText {
	readonly kind: 'tags' | 'variation_selectors';
	readonly text: string;
	readonly start: number;
	readonly end: number;
}

const noSigns: FoldSigns = Object.freeze({
	zeroWidth: 0,
	bidi: 0,
	stacked: 0,
	confusable: 0,
	styled: 0,
	first: 0,
	last: 0,
	hidden: [],
});

/** Folds `text`; plain ASCII comes back as it is. */
export function fold(text: string): Folded {
	if (/^[\x00-\x7f]*$/.test(text)) return { text, offsets: undefined, signs: noSigns };
	return new Folding(text).run();
}

const cyrillicGreek = 'аАеЕоОрРсСхХуУкКмМтТнНвВіІјЈѕЅԁԛԝһΑΒΕΖΗΙΚΜΝΟΡΤΥΧαοερυνικτχɡɑ';
const latinTwins = 'aAeEoOpPcCxXyYkKmMtThHBBiIjJsSdqwhABEZHIKMNOPTYXaoepuviktxga';
const twins: ReadonlyMap<number, string> = new Map(
	[...cyrillicGreek].map((char, index) => [char.codePointAt(0)!, latinTwins[index]!]),
);

/** Blocks whose characters have a plain form that means the same; other scripts keep their composition. */
function hasPlainForm(code: number): boolean {
	return (
		(code >= 0xc0 && code <= 0x24f) ||
		(code >= 0x1d00 && code <= 0x1d7f) ||
		(code >= 0x1e00 && code <= 0x1eff) ||
		(code >= 0x2070 && code <= 0x209f) ||
		(code >= 0x2100 && code <= 0x214f) ||
		(code >= 0x2460 && code <= 0x24ff) ||
		(code >= 0xfb00 && code <= 0xfb06) ||
		(code >= 0xff01 && code <= 0xff5e) ||
		(code >= 0x1d400 && code <= 0x1d7ff) ||
		(code >= 0x1f130 && code <= 0x1f189)
	);
}
function isStyled(code: number): boolean {
	return (
		(code >= 0xff01 && code <= 0xff5e) ||
		(code >= 0x1d400 && code <= 0x1d7ff) ||
		(code >= 0x24b6 && code <= 0x24e9) ||
		(code >= 0x1f130 && code <= 0x1f189)
	);
}
function isCombining(code: number): boolean {
	return (code >= 0x300 && code <= 0x36f) || (code >= 0x1ab0 && code <= 0x1aff) || (code >= 0x20d0 && code <= 0x20ff);
}
function isInvisible(code: number): boolean {
	return (
		code === 0xad ||
		code === 0x34f ||
		code === 0x61c ||
		code === 0x115f ||
		code === 0x1160 ||
		code === 0x180e ||
		(code >= 0x200b && code <= 0x200f) ||
		(code >= 0x202a && code <= 0x202e) ||
		(code >= 0x2060 && code <= 0x206f) ||
		code === 0x3164 ||
		code === 0xfeff ||
		code === 0xffa0
	);
}
/** The byte that a variation selector can carry, or undefined. */
function selectorByte(code: number): number | undefined {
	if (code >= 0xfe00 && code <= 0xfe0f) return code - 0xfe00;
	return code >= 0xe0100 && code <= 0xe01ef ? code - 0xe0100 + 16 : undefined;
}

const plainForms = new Map<number, string>();
function plainForm(code: number): string {
	let plain = plainForms.get(code);
	if (plain === undefined) {
		plain = String.fromCodePoint(code)
			.normalize('NFKD')
			.replace(/[\u0300-\u036f]/g, '');
		plainForms.set(code, plain);
	}
	return plain;
}

class Folding {
	readonly #text: string;
	readonly #parts: string[] = [];
	#offsets: Uint32Array;
	/** Units written so far. */
	#length = 0;
	readonly #hidden: HiddenText[] = [];
	#zeroWidth = 0;
	#bidi = 0;
	#stacked = 0;
	#confusable = 0;
	#styled = 0;
	#first = -1;
	#last = 0;
	/** Combining marks since the last letter. */
	#marks = 0;

	constructor(text: string) {
		this.#text = text;
		this.#offsets = new Uint32Array(text.length + 16);
	}

	run(): Folded {
		const text = this.#text;
		for (let at = 0; at < text.length; ) {
			const code = text.codePointAt(at)!;
			const width = code > 0xffff ? 2 : 1;
			if (code < 0x80) {
				at = this.#takeAscii(at);
				continue;
			}
			if (code >= 0xe0000 && code <= 0xe007f) {
				at = this.#takeTags(at);
				continue;
			} else if (selectorByte(code) !== undefined) {
				at = this.#takeSelectors(at);
				continue;
			} else if (isInvisible(code)) this.#dropInvisible(code, at);
			else if (isCombining(code)) {
				this.#marks += 1;
				// U+0334 to U+0338 strike a letter through: no language writes so.
				if (this.#marks === 2 || (code >= 0x334 && code <= 0x338)) this.#sign('stacked', at);
			} else {
				this.#marks = 0;
				if (isStyled(code)) this.#sign('styled', at);
				this.#emit(hasPlainForm(code) ? plainForm(code) : text.slice(at, at + width), at);
			}
			at += width;
		}
		const folded = this.#foldTwins(this.#parts.join(''));
		this.#emit('', text.length, 1);
		return {
			text: folded,
			offsets: this.#offsets.slice(0, this.#length),
			signs: {
				zeroWidth: this.#zeroWidth,
				bidi: this.#bidi,
				stacked: this.#stacked,
				confusable: this.#confusable,
				styled: this.#styled,
				first: Math.max(0, this.#first),
				last: this.#last,
				hidden: this.#hidden,
			},
		};
	}

	/** Writes units that all stand for what is at `at` in the original. */
	#emit(chars: string, at: number, units: number = chars.length): void {
		this.#parts.push(chars);
		this.#makeRoom(units);
		for (let unit = 0; unit < units; unit += 1) {
			this.#offsets[this.#length] = at;
			this.#length += 1;
		}
	}

	/** Most of a text is plain, and stays as it is. */
	#takeAscii(start: number): number {
		let at = start;
		while (at < this.#text.length && this.#text.charCodeAt(at) < 0x80) at += 1;
		this.#parts.push(this.#text.slice(start, at));
		this.#makeRoom(at - start);
		for (let unit = start; unit < at; unit += 1) {
			this.#offsets[this.#length] = unit;
			this.#length += 1;
		}
		this.#marks = 0;
		return at;
	}

	/** A ligature becomes several units, so that a folded text may be longer. */
	#makeRoom(units: number): void {
		if (this.#length + units <= this.#offsets.length) return;
		const more = new Uint32Array(2 * this.#offsets.length + units);
		more.set(this.#offsets);
		this.#offsets = more;
	}

	#sign(kind: 'stacked' | 'styled' | 'confusable' | 'bidi' | 'zeroWidth', at: number): void {
		if (kind === 'stacked') this.#stacked += 1;
		else if (kind === 'styled') this.#styled += 1;
		else if (kind === 'confusable') this.#confusable += 1;
		else if (kind === 'bidi') this.#bidi += 1;
		else this.#zeroWidth += 1;
		if (this.#first < 0 || at < this.#first) this.#first = at;
		if (at + 1 > this.#last) this.#last = at + 1;
	}

	#dropInvisible(code: number, at: number): void {
		if (code === 0x202d || code === 0x202e || code === 0x2066 || code === 0x2067) this.#sign('bidi', at);
		// Joiners between letters of Arabic or Indic scripts, and between emoji, are spelling; between Latin letters they are not.
		else if (isAsciiPrintable(this.#text.charCodeAt(at - 1)) && isAsciiPrintable(this.#text.charCodeAt(at + 1)))
			this.#sign('zeroWidth', at);
		else if (code === 0x200b || code === 0x2060 || code === 0xfeff) {
			if (at > 0 && at + 1 < this.#text.length) this.#sign('zeroWidth', at);
		}
	}

	#takeTags(start: number): number {
		const chars: string[] = [];
		let at = start;
		while (at < this.#text.length) {
			const code = this.#text.codePointAt(at)!;
			if (code < 0xe0000 || code > 0xe007f) break;
			if (code >= 0xe0020 && code < 0xe007f) chars.push(String.fromCharCode(code - 0xe0000));
			at += 2;
		}
		// Three flags (England, Scotland, Wales) are spelt with five or six tags after a black flag.
		const isFlag = start >= 2 && this.#text.codePointAt(start - 2) === 0x1f3f4 && chars.length <= 6;
		if (!isFlag && chars.length > 0) this.#hidden.push({ kind: 'tags', text: chars.join(''), start, end: at });
		return at;
	}

	#takeSelectors(start: number): number {
		const bytes: number[] = [];
		let at = start;
		while (at < this.#text.length) {
			const code = this.#text.codePointAt(at)!;
			const byte = selectorByte(code);
			if (byte === undefined) break;
			bytes.push(byte);
			at += code > 0xffff ? 2 : 1;
		}
		// One selector chooses a form of an emoji or ideograph; a row of them carries bytes.
		if (bytes.length >= 3) {
			const text = new TextDecoder().decode(Uint8Array.from(bytes));
			this.#hidden.push({ kind: 'variation_selectors', text, start, end: at });
		}
		return at;
	}

	/** Cyrillic and Greek twins become Latin in words that mix alphabets, and in words of twins only when such words are about. */
	#foldTwins(text: string): string {
		if (!/[\u0370-\u04ff\u0500-\u052f]/.test(text)) return text;
		const words = text.split(/([^\p{L}\p{M}]+)/u);
		const judged = words.map((word) => judgeWord(word));
		const mixes = judged.includes('mixed');
		if (!mixes) return text;
		let at = 0;
		return words
			.map((word, index) => {
				const start = at;
				at += word.length;
				if (judged[index] === 'plain') return word;
				this.#sign('confusable', this.#offsets[start] ?? 0);
				this.#last = Math.max(this.#last, (this.#offsets[at - 1] ?? 0) + 1);
				return [...word].map((char) => twins.get(char.codePointAt(0)!) ?? char).join('');
			})
			.join('');
	}
}

function judgeWord(word: string): 'plain' | 'mixed' | 'twins' {
	let latin = false;
	let twin = false;
	for (let at = 0; at < word.length; at += 1) {
		const code = word.charCodeAt(at);
		if (twins.has(code)) twin = true;
		else if ((code >= 65 && code <= 90) || (code >= 97 && code <= 122)) latin = true;
		// A letter that has no Latin twin: the word is what it looks like.
		else if (code > 127) return 'plain';
	}
	if (!twin) return 'plain';
	return latin ? 'mixed' : 'twins';
}
function isAsciiPrintable(code: number): boolean {
	return code >= 0x20 && code < 0x7f;
}
