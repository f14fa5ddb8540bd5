import { matchDomain, normalizeHost, parseDomainPattern } from '../match/domain.ts';
import type { ConstraintSubject, ConstraintTest } from './enforcement.ts';

/** RE2 search: whether the pattern is found in the text. Handed in, since core holds no regex engine of its own. */
export type RegexSearch = (pattern: string, text: string) => boolean;

/**
 * Whether the arguments of a call pass a test about one of them. The one meaning of a constraint, offline and at the gateway.
 *
 * A subject that names a slot the tool does not bind fails: what cannot be seen cannot be judged; so does an argument that
 * stands in something that is no map. An argument that the caller left out passes everything but `required`; each value
 * behind `[]` and each item of a list must pass by itself; a value of the wrong type fails.
 *
 * @param slots slot → parameter path of the tool
 */
export function testArgument(
	subject: ConstraintSubject,
	test: ConstraintTest,
	args: unknown,
	slots: Readonly<Record<string, string>>,
	search: RegexSearch,
): boolean {
	return judge(subject, test, args, slots, search).every((passes) => passes === true);
}

/**
 * Whether the arguments may be ones that a rule is about: an approval's `when`. Only arguments that are seen, and of which
 * each value fails the test, are not: a value of the wrong type, one of many that passes, and an argument that was left
 * out are.
 */
export function mayPass(
	subject: ConstraintSubject,
	test: ConstraintTest,
	args: unknown,
	slots: Readonly<Record<string, string>>,
	search: RegexSearch,
): boolean {
	const judged = judge(subject, test, args, slots, search);
	return judged.length === 0 || judged.some((passes) => passes !== false);
}

/** Passes or not, each value by itself; undefined for what cannot be judged. */
function judge(
	subject: ConstraintSubject,
	test: ConstraintTest,
	args: unknown,
	slots: Readonly<Record<string, string>>,
	search: RegexSearch,
): readonly (boolean | undefined)[] {
	const path =
		'parameter' in subject ? subject.parameter : Object.hasOwn(slots, subject.slot) ? slots[subject.slot] : undefined;
	if (path === undefined || isHidden(args, path.split('.'))) return [undefined];
	const values = argumentsAt(args, path);
	switch (test.op) {
		case 'required':
			return [values.length > 0];
		case 'absent':
			return [values.length === 0];
		case 'max_items':
			return values.map((value) => (Array.isArray(value) ? value.length <= test.value : undefined));
		default:
			return values.flatMap(items).flatMap((value) => judgeValue(test, value, search));
	}
}

// A server may read a text as the JSON in it, or take a list of one for the one: whatever stands in it was not seen.
function isHidden(value: unknown, path: readonly string[]): boolean {
	const [segment, ...rest] = path;
	if (segment === undefined || value === undefined || value === null) return false;
	if (typeof value !== 'object' || Array.isArray(value)) return true;
	const each = segment.endsWith('[]');
	const key = each ? segment.slice(0, -2) : segment;
	const inner: unknown = Object.hasOwn(value, key) ? (value as Readonly<Record<string, unknown>>)[key] : undefined;
	return each && Array.isArray(inner) ? inner.some((item) => isHidden(item, rest)) : isHidden(inner, rest);
}

/** The values at a path such as `message.to` or `items[].id`; none when the caller left the argument out. */
export function argumentsAt(args: unknown, path: string): readonly unknown[] {
	let found: readonly unknown[] = [args];
	for (const segment of path.split('.')) {
		const each = segment.endsWith('[]');
		const key = each ? segment.slice(0, -2) : segment;
		found = found.flatMap((value) => {
			if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return [];
			const inner = (value as Readonly<Record<string, unknown>>)[key];
			return inner === undefined || inner === null ? [] : each && Array.isArray(inner) ? inner : [inner];
		});
	}
	return found;
}

function items(value: unknown): readonly unknown[] {
	return Array.isArray(value) ? value : [value];
}

type ValueTest = Exclude<ConstraintTest, { readonly op: 'required' | 'absent' }>;

function judgeValue(test: ValueTest, value: unknown, search: RegexSearch): readonly (boolean | undefined)[] {
	switch (test.op) {
		case 'max':
			return [typeof value === 'number' ? value <= test.value : undefined];
		case 'min':
			return [typeof value === 'number' ? value >= test.value : undefined];
		case 'max_length':
			return [typeof value === 'string' ? [...value].length <= test.value : undefined];
		case 'max_items':
			return [undefined];
		case 'one_of':
			return [isScalar(value) ? test.values.includes(String(value)) : undefined];
		case 'none_of':
			return [isScalar(value) ? !test.values.includes(String(value)) : undefined];
		case 'domain_in':
			return hostsOf(value).map((host) => (host === undefined ? undefined : isNamed(test.values, host)));
		case 'domain_not_in':
			return hostsOf(value).map((host) => (host === undefined ? undefined : !isNamed(test.values, host)));
		case 'matches':
			return [typeof value === 'string' ? search(test.value, value) : undefined];
		case 'not_matches':
			return [typeof value === 'string' ? !search(test.value, value) : undefined];
	}
}

function isScalar(value: unknown): boolean {
	return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

function isNamed(patterns: readonly string[], host: string): boolean {
	return patterns.some((text) => {
		const { pattern } = parseDomainPattern(text, 'deny');
		return pattern !== undefined && matchDomain(pattern, host);
	});
}

// The hosts that a destination names: of a URL, of each address in `Ana <ana@example.eu>, ben@example.eu`, or a bare host.
function hostsOf(value: unknown): readonly (string | undefined)[] {
	if (typeof value !== 'string') return [undefined];
	const url = /^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(value) && URL.canParse(value) ? new URL(value).hostname : undefined;
	if (url !== undefined) return [normalizeHost(url)];
	return value.split(/[,;]/).map((part) => {
		const address = /<([^<>]*)>\s*$/.exec(part)?.[1] ?? part.trim();
		const host = normalizeHost(address.slice(address.lastIndexOf('@') + 1).replace(/^mailto:/i, ''));
		// A word without a dot is no host that anyone could place.
		return host?.includes('.') === true ? host : undefined;
	});
}
