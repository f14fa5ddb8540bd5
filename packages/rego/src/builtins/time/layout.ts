/** One piece of a Go layout: plain text, or an element that stands for a part of a date. */
export type Chunk =
	| { readonly kind: 'text'; readonly text: string }
	| { readonly kind: ElementKind; readonly text: string }
	/** `.000` and `,000` (all digits always), `.999` and `,999` (trailing zeros left out). */
	| { readonly kind: 'fraction'; readonly text: string; readonly digits: number; readonly trimmed: boolean };

/** The elements of a layout, named after what they print. */
export type ElementKind =
	| 'longMonth'
	| 'month'
	| 'numMonth'
	| 'zeroMonth'
	| 'longWeekday'
	| 'weekday'
	| 'day'
	| 'underDay'
	| 'zeroDay'
	| 'underYearDay'
	| 'zeroYearDay'
	| 'hour'
	| 'hour12'
	| 'zeroHour12'
	| 'minute'
	| 'zeroMinute'
	| 'second'
	| 'zeroSecond'
	| 'longYear'
	| 'year'
	| 'upperNoon'
	| 'lowerNoon'
	| 'zoneName'
	| 'zone';

/** Elements that start with each letter or digit, longest first. What a `zone` element prints is read off its text. */
const elements: readonly (readonly [text: string, kind: ElementKind])[] = [
	['January', 'longMonth'],
	['Jan', 'month'],
	['Monday', 'longWeekday'],
	['Mon', 'weekday'],
	['MST', 'zoneName'],
	['002', 'zeroYearDay'],
	['01', 'zeroMonth'],
	['02', 'zeroDay'],
	['03', 'zeroHour12'],
	['04', 'zeroMinute'],
	['05', 'zeroSecond'],
	['06', 'year'],
	['15', 'hour'],
	['1', 'numMonth'],
	['2006', 'longYear'],
	['2', 'day'],
	['__2', 'underYearDay'],
	['_2', 'underDay'],
	['3', 'hour12'],
	['4', 'minute'],
	['5', 'second'],
	['PM', 'upperNoon'],
	['pm', 'lowerNoon'],
	['-07:00:00', 'zone'],
	['-070000', 'zone'],
	['-07:00', 'zone'],
	['-0700', 'zone'],
	['-07', 'zone'],
	['Z07:00:00', 'zone'],
	['Z070000', 'zone'],
	['Z07:00', 'zone'],
	['Z0700', 'zone'],
	['Z07', 'zone'],
];

/** The layouts that have a name of their own in `time.format` and `time.parse_ns`. */
const namedLayouts: Readonly<Record<string, string>> = {
	ANSIC: 'Mon Jan _2 15:04:05 2006',
	UnixDate: 'Mon Jan _2 15:04:05 MST 2006',
	RubyDate: 'Mon Jan 02 15:04:05 -0700 2006',
	RFC822: '02 Jan 06 15:04 MST',
	RFC822Z: '02 Jan 06 15:04 -0700',
	RFC850: 'Monday, 02-Jan-06 15:04:05 MST',
	RFC1123: 'Mon, 02 Jan 2006 15:04:05 MST',
	RFC1123Z: 'Mon, 02 Jan 2006 15:04:05 -0700',
	RFC3339: '2006-01-02T15:04:05Z07:00',
	RFC3339Nano: '2006-01-02T15:04:05.999999999Z07:00',
};

/** The layout behind a name such as `RFC1123Z`; any other text is a layout itself. */
export function layoutNamed(name: string): string {
	return Object.hasOwn(namedLayouts, name) ? namedLayouts[name]! : name;
}

/** Splits a Go layout into its pieces. Neighbouring plain characters make one piece. */
export function splitLayout(layout: string): readonly Chunk[] {
	const chunks: Chunk[] = [];
	let plain = '';
	for (let at = 0; at < layout.length; ) {
		const chunk = chunkAt(layout, at);
		if (chunk === undefined) {
			// `_2006` is an underscore in front of a year, not a padded day in front of `006`.
			plain += layout[at];
			at += 1;
			continue;
		}
		if (plain !== '') chunks.push({ kind: 'text', text: plain });
		plain = '';
		chunks.push(chunk);
		at += chunk.text.length;
	}
	if (plain !== '') chunks.push({ kind: 'text', text: plain });
	return chunks;
}

function chunkAt(layout: string, at: number): Chunk | undefined {
	const fraction = /^[.,](?:0+|9+)(?![0-9])/.exec(layout.slice(at));
	if (fraction !== null) {
		const text = fraction[0];
		return { kind: 'fraction', text, digits: text.length - 1, trimmed: text[1] === '9' };
	}
	for (const [text, kind] of elements) {
		if (!layout.startsWith(text, at)) continue;
		// `Jan` and `Mon` inside a longer word are plain text.
		if ((kind === 'month' || kind === 'weekday') && /^[a-z]/.test(layout.slice(at + text.length))) continue;
		if (kind === 'underDay' && layout.startsWith('_2006', at)) return undefined;
		return { kind, text };
	}
	return undefined;
}

export const monthNames: readonly string[] = [
	'January',
	'February',
	'March',
	'April',
	'May',
	'June',
	'July',
	'August',
	'September',
	'October',
	'November',
	'December',
];

export const weekdayNames: readonly string[] = [
	'Sunday',
	'Monday',
	'Tuesday',
	'Wednesday',
	'Thursday',
	'Friday',
	'Saturday',
];
