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
	const classes = new Set(options.classes ?? piiClasses);
	const least = options.confidence ?? 0.5;
	const wants = (group: ReadonlySet<string>): boolean => [...group].some((name) => classes.has(name));
	const people = wants(needNames) ? tagPeople(text, options.tagger) : [];
	const found = [
		...people,
		...(text.includes('@') ? findEmails(text) : []),
		...(wants(numberClasses) ? findNumbers(text) : []),
		...(classes.has('ip_address') && text.includes(':') ? findIpv6(text) : []),
		...(wants(situationClasses) ? findSituations(text, people) : []),
	];
	// An address that nobody asked for still keeps its digits from being read as a telephone.
	return settle(found.filter(({ confidence }) => confidence >= least)).filter((one) => classes.has(one.class));
}
