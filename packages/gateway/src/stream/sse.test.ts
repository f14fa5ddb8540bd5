import { TapPassError } from '@tappass/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { doorLimits } from '../door-limits.ts';
import { SseParser } from './sse.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
function codeOf(run: () => unknown): string {
	try {
		run();
	} catch (error) {
		if (error instanceof TapPassError) return error.code;
		throw error;
	}
	return 'nothing thrown';
}

describe('refuses', () => {
	test('what is not UTF-8', () => {
		expect(codeOf(() => new SseParser().push(new Uint8Array([0x64, 0xff, 0x0a, 0x0a])))).toBe('upstream_malformed');
	});
	test('a code point that is cut off at the end', () => {
		const parser = new SseParser();
		parser.push(bytes('data: é').subarray(0, 7));
		expect(codeOf(() => parser.end())).toBe('upstream_malformed');
	});
	test('an event without end', () => {
		const parser = new SseParser();
		const chunk = bytes('data: '.padEnd(1_048_576, 'x'));
		const pushAll = (): void => {
			for (let sent = 0; sent <= doorLimits.eventLengthMax; sent += chunk.byteLength) parser.push(chunk);
		};
		expect(codeOf(pushAll)).toBe('upstream_malformed');
	});
});

test('tells a stream that ends between two events from one that ends inside of one', () => {
	const whole = new SseParser();
	whole.push(bytes('data: 1\n\n'));
	expect(whole.end()).toBe(true);
	const half = new SseParser();
	half.push(bytes('data: 1\n\ndata: 2'));
	expect(half.end()).toBe(false);
});

test('takes every line end that the standard knows, and no half of one for a whole', () => {
	for (const end of ['\n', '\r\n', '\r']) {
		const [event] = new SseParser().push(bytes(`event: a${end}data: 1${end}data: 2${end}${end}data: 3${end}`));
		expect([event?.event, event?.data]).toEqual(['a', '1\n2']);
	}
	expect(new SseParser().push(bytes('event: a\r\ndata: 1\r\n'))).toEqual([]);
});

test('lets no field and no comment of an upstream through but event and data', () => {
	const [first, second] = new SseParser().push(bytes('id: secret\nretry: 1\ndata: 1\n\n: a comment with words\n\n'));
	expect(first?.raw).toBe('data: 1\n\n');
	expect(second).toEqual({ event: '', data: undefined, raw: ': keep-alive\n\n' });
});

test('reads the same events however the bytes are cut', () => {
	const line = fc.constantFrom('data: é☢𝕊', 'event: x', ': hush', 'data', 'data:1', '');
	const ends = fc.constantFrom('\n', '\r\n');
	const stream = fc
		.tuple(fc.array(line, { maxLength: 20 }), ends)
		.map(([lines, end]) => `${lines.join(end)}${end}${end}`);
	fc.assert(
		fc.property(stream, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (text, cuts) => {
			const parser = new SseParser();
			const all = bytes(text);
			const events = [];
			for (let at = 0, cut = 0; at < all.length; cut += 1) {
				const length = cuts[cut % cuts.length]!;
				events.push(...parser.push(all.subarray(at, at + length)));
				at += length;
			}
			expect(events).toEqual(new SseParser().push(all));
		}),
	);
});
