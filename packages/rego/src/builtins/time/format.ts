import { type Civil, dayOfYear, weekdayOf } from './civil.ts';
import { type Chunk, monthNames, splitLayout, weekdayNames } from './layout.ts';

/**
 * Prints a moment as Go's `Time.Format` does.
 *
 * @param offsetSeconds of the zone, east of UTC
 * @param zoneName its abbreviation, for `MST`; empty when it has none, which prints the offset
 */
export function formatTime(civil: Civil, offsetSeconds: number, zoneName: string, layout: string): string {
	return splitLayout(layout)
		.map((chunk) => formatChunk(chunk, civil, offsetSeconds, zoneName))
		.join('');
}

function formatChunk(chunk: Chunk, civil: Civil, offsetSeconds: number, zoneName: string): string {
	switch (chunk.kind) {
		case 'text':
			return chunk.text;
		case 'fraction':
			return fraction(civil.nanosecond, chunk.text[0]!, chunk.digits, chunk.trimmed);
		case 'longMonth':
			return monthNames[civil.month - 1]!;
		case 'month':
			return monthNames[civil.month - 1]!.slice(0, 3);
		case 'numMonth':
			return String(civil.month);
		case 'zeroMonth':
			return padded(civil.month, 2);
		case 'longWeekday':
			return weekdayNames[weekdayOf(civil)]!;
		case 'weekday':
			return weekdayNames[weekdayOf(civil)]!.slice(0, 3);
		case 'day':
			return String(civil.day);
		case 'underDay':
			return String(civil.day).padStart(2, ' ');
		case 'zeroDay':
			return padded(civil.day, 2);
		case 'underYearDay':
			return String(dayOfYear(civil)).padStart(3, ' ');
		case 'zeroYearDay':
			return padded(dayOfYear(civil), 3);
		case 'hour':
			return padded(civil.hour, 2);
		case 'hour12':
			return String(civil.hour % 12 || 12);
		case 'zeroHour12':
			return padded(civil.hour % 12 || 12, 2);
		case 'minute':
			return String(civil.minute);
		case 'zeroMinute':
			return padded(civil.minute, 2);
		case 'second':
			return String(civil.second);
		case 'zeroSecond':
			return padded(civil.second, 2);
		case 'longYear':
			return padded(civil.year, 4);
		case 'year':
			return padded(civil.year % 100, 2);
		case 'upperNoon':
			return civil.hour >= 12 ? 'PM' : 'AM';
		case 'lowerNoon':
			return civil.hour >= 12 ? 'pm' : 'am';
		case 'zoneName':
			return zoneName === '' ? unnamedZone(offsetSeconds) : zoneName;
		case 'zone':
			return zone(chunk.text, offsetSeconds);
	}
}

function padded(value: number, width: number): string {
	return String(value).padStart(width, '0');
}

function fraction(nanosecond: number, point: string, digits: number, trimmed: boolean): string {
	const text = padded(nanosecond, 9).padEnd(digits, '0').slice(0, digits);
	const kept = trimmed ? text.replace(/0+$/, '') : text;
	return kept === '' ? '' : point + kept;
}

/** `-0700` when there are odd minutes, else `-07`: how the time-zone database names zones without a name. */
export function unnamedZone(offsetSeconds: number): string {
	const minutes = Math.trunc(Math.abs(offsetSeconds) / 60);
	const sign = offsetSeconds < 0 ? '-' : '+';
	return sign + padded(Math.trunc(minutes / 60), 2) + (minutes % 60 === 0 ? '' : padded(minutes % 60, 2));
}

/** `element` is `-07`, `-0700`, `-07:00`, `-070000` or `-07:00:00`, or one of them with `Z` for the sign. */
function zone(element: string, offsetSeconds: number): string {
	if (element.startsWith('Z') && offsetSeconds === 0) return 'Z';
	const total = Math.abs(offsetSeconds);
	const parts = [Math.trunc(total / 3600), Math.trunc(total / 60) % 60, total % 60];
	const shown = element.length === 3 ? 1 : element.length <= 6 ? 2 : 3;
	const separator = element.includes(':') ? ':' : '';
	const text = parts
		.slice(0, shown)
		.map((part) => padded(part, 2))
		.join(separator);
	return (offsetSeconds < 0 ? '-' : '+') + text;
}
