import { describe, expect, test } from 'vitest';
import type { RecentCall } from '../ports.ts';
import { findLoop } from './loops.ts';
import { exactOf, rememberCall, shapeOf } from './recent.ts';

const bounds = { same_shape_max: 5, destructive_max: 3, cycle_length_max: 4, window_minutes: 10 };
const call = (exact: string, more: Partial<RecentCall> = {}): RecentCall => ({
	tool: 'a.b',
	shape: exact,
	exact,
	destructive: false,
	emitted: false,
	at: 1_000,
	...more,
});
const list = (letters: string): RecentCall[] => [...letters].map((letter) => call(letter));

describe('a runaway', () => {
	test('is the third destructive call, whatever it destroys', () => {
		const two = [call('a', { destructive: true }), call('b', { destructive: true })];

		expect(findLoop([...two, call('c', { destructive: true })], bounds, 1_000)).toBe('destructive');
		expect(findLoop(two, bounds, 1_000)).toBe(undefined);
		expect(findLoop([...two, call('c')], bounds, 1_000)).toBe(undefined);
	});

	test('is one shape again and again', () => {
		const same = Array.from({ length: 5 }, (_, index) => call(`e${index}`, { shape: 's' }));

		expect(findLoop(same, bounds, 1_000)).toBe('same_shape');
		expect(findLoop(same.slice(1), bounds, 1_000)).toBe(undefined);
	});

	test('is a cycle that comes round four times', () => {
		expect(findLoop(list('abcabcabcabc'), bounds, 1_000)).toBe('cycle');
		expect(findLoop(list('xbcabcabcabc'), bounds, 1_000)).toBe(undefined);
		expect(findLoop(list('abcdeabcdeabcdeabcde'), bounds, 1_000)).toBe(undefined);
	});

	test('is the very same call without end', () => {
		const polling = { ...bounds, same_shape_max: 100 };

		expect(findLoop(list('a'.repeat(12)), polling, 1_000)).toBe('same_call');
		expect(findLoop(list('a'.repeat(11)), { ...polling, cycle_length_max: 1 }, 1_000)).toBe(undefined);
	});

	test('is not what lies further back than the window', () => {
		const old = [call('a', { destructive: true }), call('b', { destructive: true })];

		expect(findLoop([...old, call('c', { destructive: true, at: 700_000 })], bounds, 700_000)).toBe(undefined);
	});
});

describe('what a session remembers', () => {
	test('counts an emission and its execution once', () => {
		const emitted = rememberCall([], call('a', { emitted: true }));

		expect(rememberCall(emitted, call('a'))).toEqual([call('a')]);
		expect(rememberCall(rememberCall(emitted, call('a')), call('a'))).toHaveLength(2);
	});

	test('is bounded', () => {
		let recent: readonly RecentCall[] = [];
		for (let index = 0; index < 100; index += 1) recent = rememberCall(recent, call(String(index)));

		expect([recent.length, recent.at(-1)?.exact]).toEqual([64, '99']);
	});

	test('holds which tools were used and what was destroyed, however many calls come between', () => {
		let recent: readonly RecentCall[] = [
			call('read', { tool: 'epic.patient_read' }),
			call('d1', { destructive: true }),
			call('d2', { destructive: true }),
		];
		for (let index = 0; index < 500; index += 1) recent = rememberCall(recent, call(String(index)));

		expect(recent.slice(0, 3).map(({ exact }) => exact)).toEqual(['read', 'd1', 'd2']);
		expect(recent).toHaveLength(67);
		expect(findLoop(rememberCall(recent, call('d3', { destructive: true })), bounds, 1_000)).toBe('destructive');
		for (let index = 0; index < 2_000; index += 1)
			recent = rememberCall(recent, call(String(index), { tool: `t.${index}` }));
		expect(recent).toHaveLength(1_088);
	});

	test('tells shapes from values', () => {
		expect(shapeOf('a', { x: 1, y: ['p', 'q'] })).toBe(shapeOf('a', { y: ['z'], x: 2 }));
		expect(shapeOf('a', { x: 1 })).not.toBe(shapeOf('a', { x: '1' }));
		expect(exactOf('a', 'x')).not.toBe(exactOf('b', 'x'));
	});
});
