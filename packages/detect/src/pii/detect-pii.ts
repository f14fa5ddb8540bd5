/** Finds personal data. */
import { piiClasses } from '@tappass/core';
import type { Detection } from '../detection.ts';
import { settle } from '../text/overlap.ts';
import { findEmails, findIpv6 } from './addresses.ts';
import { findNumbers } from './numbers.ts';
import { findSituations } from './situations.ts';
import { type TaggerModel, tagPeople } from './tagger.ts';

export interface PiiOptions {
	/** Classes to look for, of `piiClasses`; all of them when not stated. */
	readonly classes?: readonly string[];
	/** Detections below this are left out; 0.5 when not stated. */
	readonly confidence?: number;
	/** Another model of names and addresses than the shipped one: for measuring. */
	readonly tagger?: TaggerModel;
}

/** Classes that need to know where people are named. */
const needNames: ReadonlySet<string> = new Set(['person_name', 'street_address', 'health', 'biometric']);
const numberClasses: ReadonlySet<string> = new Set([
	'phone',
	'credit_card',
	'iban',
	'national_id',
	'ip_address',
	'date_of_birth',
	'health',
]);
const situationClasses: ReadonlySet<string> = new Set(['health', 'biometric', 'credential', 'minor', 'date_of_birth']);

/** Personal data in `text`: spans do not overlap, the surer reading of a span wins. */
export function detectPii(text: string, options: PiiOptions = {}): readonly Detection[] {
	return piiDetector(options)(text, 0);
}

/** Finds what begins at `from` or later; what stands before is only looked back at. */
export type PiiDetector = (text: string, from: number) => readonly Detection[];

/** Reads the options once, for many texts. */
export function piiDetector(options: PiiOptions): PiiDetector {
	const classes: ReadonlySet<string> = new Set(options.classes ?? piiClasses);
	const least = options.confidence ?? 0.5;
	const wants = (group: ReadonlySet<string>): boolean => [...group].some((name) => classes.has(name));
	const names = wants(needNames);
	const numbers = wants(numberClasses);
	const situations = wants(situationClasses);
	return (text, from) => {
		const people = names ? tagPeople(text, from, options.tagger) : [];
		// Someone may be named before `from`; nearly no text asks who.
		const named = (): readonly Detection[] => (names && from > 0 ? tagPeople(text, 0, options.tagger) : people);
		const found = [
			...people,
			...findEmails(text, from),
			...(numbers ? findNumbers(text, from) : []),
			...(classes.has('ip_address') ? findIpv6(text, from) : []),
			...(situations ? findSituations(text, from, named) : []),
		];
		// An address that nobody asked for still keeps its digits from being read as a telephone.
		return settle(found.filter(({ confidence }) => confidence >= least)).filter(
			(one) => one.start >= from && classes.has(one.class),
		);
	};
}
