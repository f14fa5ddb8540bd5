import { RE2JS } from 're2js';
import { parseUrl, UrlError } from '../go-url.ts';

/** Whether a string has a format that JSON Schema names; unknown formats are had by all. */
export function hasFormat(name: string, text: string): boolean {
	return Object.hasOwn(formats, name) ? formats[name]!(text) : true;
}

const formats: Readonly<Record<string, (text: string) => boolean>> = {
	date: isDate,
	time: isTime,
	'date-time': (text) => isTime(text) || isDate(text) || isDateTime(text),
	hostname: (text) => text.length < 256 && text.split('.').every((label) => hostLabel.test(label)),
	email: isEmail,
	'idn-email': isEmail,
	ipv4: isIpv4,
	ipv6: isIpv6,
	uri: (text) => isUri(text) && schemeOf(text) !== '',
	'uri-reference': isUri,
	iri: (text) => isUri(text) && schemeOf(text) !== '',
	'iri-reference': isUri,
	'uri-template': (text) => isUri(text) && balanced.test(parseUrl(text).path),
	uuid: (text) => /^[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}$/i.test(text),
	regex: isRegex,
	'json-pointer': (text) => /^(?:\/(?:[^~/]|~0|~1)*)*$/.test(text),
	'relative-json-pointer': (text) => /^(?:0|[1-9][0-9]*)(?:#|(?:\/(?:[^~/]|~0|~1)*)*)$/.test(text),
};

const hostLabel = /^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$/;
/** Braces in pairs, one level deep. */
const balanced = /^[^{]*(?:\{[^}]*\}[^{]*)*$/;

function isDate(text: string): boolean {
	const match = /^([0-9]{4})-([0-9]{2})-([0-9]{2})$/.exec(text);
	if (match === null) return false;
	const [year, month, day] = match.slice(1).map(Number) as [number, number, number];
	const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
	const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1];
	return days !== undefined && day >= 1 && day <= days;
}

function isTime(text: string): boolean {
	const match = /^([0-9]{1,2}):([0-9]{2}):([0-9]{2})(?:[.,][0-9]+)?(?:Z|[+-]([0-9]{2}):([0-9]{2}))?$/.exec(text);
	if (match === null) return false;
	const [hour, minute, second, zoneHour, zoneMinute] = match.slice(1).map((digits) => Number(digits ?? 0));
	return hour! < 24 && minute! < 60 && second! < 60 && zoneHour! <= 24 && zoneMinute! < 60;
}

function isDateTime(text: string): boolean {
	const zoned = /(?:Z|[+-][0-9]{2}:[0-9]{2})$/.test(text);
	return zoned && text[10] === 'T' && isDate(text.slice(0, 10)) && isTime(text.slice(11));
}

/** An address as mail headers have it, with or without a display name: `a@b.example`, `Ann <a@b.example>`. */
function isEmail(text: string): boolean {
	const named = /^[^<>"@,;:\\]*<([^<>]+)>$/.exec(text);
	return addressOnly.test(named?.[1] ?? text);
}

const atom = '[^\\s()<>[\\]:;@\\\\,."\\x00-\\x1f\\x7f]+';
const addressOnly = new RegExp(
	`^\\s*(?:${atom}(?:\\.${atom})*|"(?:[^"\\\\]|\\\\.)*")@(?:${atom}(?:\\.${atom})*|\\[[^\\[\\]\\\\]*\\])\\s*$`,
);

function isIpv4(text: string): boolean {
	return /^(?:(?:0|[1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5])(?:\.(?!$)|$)){4}$/.test(text);
}

function isIpv6(text: string): boolean {
	if (!text.includes(':')) return false;
	const tail = /:([0-9.]*\.[0-9.]*)$/.exec(text);
	if (tail !== null && !isIpv4(tail[1]!)) return false;
	// An embedded IPv4 address stands for two groups.
	const groups = tail === null ? text : `${text.slice(0, -tail[1]!.length)}0:0`;
	const halves = groups.split('::');
	if (halves.length > 2) return false;
	const parts = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
	if (!parts.every((part) => /^[0-9a-fA-F]{1,4}$/.test(part))) return false;
	return halves.length === 2 ? parts.length <= 7 : parts.length === 8;
}

function isUri(text: string): boolean {
	if (text.includes('\\')) return false;
	try {
		parseUrl(text);
		return true;
	} catch (error) {
		if (error instanceof UrlError) return false;
		throw error;
	}
}

function schemeOf(text: string): string {
	return parseUrl(text).scheme;
}

function isRegex(text: string): boolean {
	try {
		RE2JS.compile(text);
		return true;
	} catch {
		// The library throws for a bad pattern only.
		return false;
	}
}
