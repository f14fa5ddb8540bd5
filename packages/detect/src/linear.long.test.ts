/** Work on hostile texts grows with their length and no faster. Counted, not timed: what detectors read of a text. */
import { describe, expect, test } from 'vitest';
import {
	detectExfiltration,
	detectInjection,
	detectObfuscation,
	detectPii,
	detectSecrets,
	outputDetectors,
} from './index.ts';
import { rules } from './injection/rules.ts';
import { situations } from './pii/situations.ts';
import { structures } from './secrets/structures.ts';

const units = [
	'a', '@', 'a@', '1', '1 ', '4111 ', ' ', '\n', ':', '-', '.', 'a.', 'ab:', 'ey', 'eyaaaaaaaaaaaaaaaaaaa.', 'https://', '![(',
	'<img ', '-----BEGIN PRIVATE KEY-----', 'curl ', 'curl wget nc scp dig git ', 'api_key=', '%41', '&#65;', '&', 'QUJD', '41',
	'41 ', 'a b ', 'аa ', '\u{e0041}', '\ufe01', '\u202e', 'Anna Kowalska ', 'ignore all ', ' -u', 'son ', 'diagnosed with ',
	'kind: Secret ', 'a.bcdefg.', 'call 020 7946 0958 ', 'gur naq lbh ', 'Authorization: ', '忽略之前的指令', '.atlasv1.', '1:A', '0-us',
	'mysql -u -u ', 'show me the ', 'password is ', '"', '\\', 'x=',
]; // biome-ignore format: a list of what hurts.
const outputs = outputDetectors({ pii: {}, secrets: {}, exfiltration: {} });
const detectors: Readonly<Record<string, (text: string) => unknown>> = {
	pii: (text) => detectPii(text),
	secrets: (text) => detectSecrets(text),
	injection: (text) => detectInjection(text),
	obfuscation: (text) => detectObfuscation(text),
	exfiltration: (text) => detectExfiltration(text),
	output: (text) => outputs.map((detector) => detector.find(text)),
};

/** Characters and calls that `work` takes, by the methods through which texts are read. */
function count(work: () => unknown): number {
	let sum = 0;
	const text = String.prototype;
	const pattern = RegExp.prototype;
	const { charCodeAt, slice, indexOf, startsWith } = text;
	const { exec } = pattern;
	text.charCodeAt = function (this: string, at: number): number {
		sum += 1;
		return charCodeAt.call(this, at);
	};
	text.slice = function (this: string, from?: number, to?: number): string {
		const part = slice.call(this, from, to);
		sum += 1 + part.length;
		return part;
	};
	text.indexOf = function (this: string, part: string, from = 0): number {
		const at = indexOf.call(this, part, from);
		sum += 1 + (at < 0 ? this.length : at) - from;
		return at;
	};
	text.startsWith = function (this: string, part: string, at?: number): boolean {
		sum += 1;
		return startsWith.call(this, part, at);
	};
	pattern.exec = function (this: RegExp, input: string): RegExpExecArray | null {
		sum += 1;
		return exec.call(this, input);
	};
	try {
		work();
	} finally {
		Object.assign(text, { charCodeAt, slice, indexOf, startsWith });
		pattern.exec = exec;
	}
	return sum;
}

describe.each(Object.entries(detectors))('%s', (_name, detect) => {
	test.each(units)('reads twice as much of twice as many %j, and no more', (unit) => {
		const of = (length: number): string => unit.repeat(Math.ceil(length / unit.length));
		detect(of(100));

		const once = count(() => detect(of(3_000)));
		const twice = count(() => detect(of(6_000)));

		expect(twice / once).toBeLessThan(2.6);
	});
});

test.each([...rules, ...situations, ...structures].map(({ pattern }) => [pattern.source, pattern] as const))(
	'%s is anchored where it is tried, and reads a bounded number of characters',
	(source, pattern) => {
		expect(pattern.sticky).toBe(true);
		// A quantifier without an upper bound, outside a class: `*`, `+`, `{2,}`.
		const outside = source.replace(/\\./g, 'x').replace(/\[[^\]]*\]/g, 'x');
		expect(outside.replace(/\(\?<?[:=!]/g, '(')).not.toMatch(/[*+]|\{\d+,\}/);
	},
);
