import type { WriteStream } from 'node:tty';

/** Where a command speaks: what was asked for on `stdout`, everything else on `stderr`. */
export interface Terminal {
	readonly name: string;
	readonly json: boolean;
	readonly stdout: Writer;
	readonly stderr: Writer;
	/** For what goes to stdout. */
	readonly style: Style;
	/** For what goes to stderr: either may be a file while the other is a screen. */
	readonly errorStyle: Style;
}

/** A stream that text is written to. */
export interface Writer {
	readonly isTTY: boolean;
	/** Characters in a line of the screen; undefined where there is none. */
	readonly columns?: number | undefined;
	write(text: string): void;
}

/** Colour for people; each returns its text unchanged where colour is off. Never the only carrier of meaning. */
export interface Style {
	readonly bold: (text: string) => string;
	readonly dim: (text: string) => string;
	readonly red: (text: string) => string;
	readonly green: (text: string) => string;
	readonly yellow: (text: string) => string;
}

/** How a terminal is made; streams and environment are those of the process unless given. */
export interface TerminalOptions {
	/** Name of the command, as it begins its messages. */
	readonly name: string;
	readonly json?: boolean;
	/** `false` for `--no-color`. */
	readonly color?: boolean;
	readonly stdout?: Stream;
	readonly stderr?: Stream;
	readonly env?: Readonly<Record<string, string | undefined>>;
}

type Stream = Pick<WriteStream, 'write' | 'isTTY'> & { readonly columns?: number };

/** The terminal of this process, or of the streams that a test hands in. */
export function createTerminal(options: TerminalOptions): Terminal {
	const stdout = writer(options.stdout ?? process.stdout);
	const stderr = writer(options.stderr ?? process.stderr);
	const styleOf = ({ isTTY }: Writer): Style => (isTTY && wantsColor(options) ? colored : plain);
	const { name, json = false } = options;
	return { name, json, stdout, stderr, style: styleOf(stdout), errorStyle: styleOf(stderr) };
}

// https://no-color.org: a non-empty NO_COLOR switches colour off.
function wantsColor({ color, env = process.env }: TerminalOptions): boolean {
	return color !== false && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
}

function writer(stream: Stream): Writer {
	return {
		isTTY: stream.isTTY === true,
		// Asked for at every look: a window changes its size. Some terminals say 0 for what they do not know.
		get columns() {
			return stream.isTTY ? stream.columns || undefined : undefined;
		},
		write: (text) => void stream.write(text),
	};
}

const same = (text: string): string => text;
const plain: Style = { bold: same, dim: same, red: same, green: same, yellow: same };

function code(open: number, close: number): (text: string) => string {
	return (text) => `\u001b[${open}m${text}\u001b[${close}m`;
}
const colored: Style = {
	bold: code(1, 22),
	dim: code(2, 22),
	red: code(31, 39),
	green: code(32, 39),
	yellow: code(33, 39),
};

// Control characters but for newline and tab; characters that turn the direction of text; and those that show nothing, in
// which a text for a model can hide from the person who reviews it (zero width, tags, variation selectors of plane 14).
const unprintable =
	/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e01ef}]/gu;

/**
 * Text from outside, made safe to print: control characters (a policy file could hold terminal commands) and what cannot be
 * seen become escapes. Newlines and tabs stay.
 */
export function printable(text: string): string {
	return text.replace(unprintable, escaped);
}

function escaped(character: string): string {
	// By UTF-16 unit, as JSON does.
	return [...Array(character.length).keys()]
		.map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`)
		.join('');
}

// Those that `colored` makes.
const ownColour = /(\u001b\[(?:1|2|22|31|32|33|39)m)/;

/** An answer as it may be printed: nothing unprintable but the colours of the terminal's own style. */
export function printableAnswer({ style }: Terminal, text: string): string {
	if (style === plain) return printable(text);
	return text
		.split(ownColour)
		.map((part, at) => (at % 2 === 1 ? part : printable(part)))
		.join('');
}

/** One value as a line of JSON: the escapes that `printable` writes are those of JSON, so it reads back as it was. */
export function printableJson(value: unknown): string {
	return `${printable(JSON.stringify(value))}\n`;
}
