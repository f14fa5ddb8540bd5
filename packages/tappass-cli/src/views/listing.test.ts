import { createTerminal } from '@tappass/cli-kit';
import { describe, expect, test } from 'vitest';
import { listing, shortMoment } from './listing.ts';

const stream = { isTTY: true, columns: 12, write: () => true };
const terminal = createTerminal({ name: 'tappass', env: { NO_COLOR: '1' }, stdout: stream as never });
const list = { heading: ['TEAM', 'MEMBERS'], spare: ['MEMBERS'], wide: false, empty: 'No team yet.' };

describe('a list', () => {
	test('of nothing is a sentence, not a heading', () => {
		expect(listing(terminal, { ...list, rows: [] })).toBe('No team yet.');
		expect(listing(terminal, { ...list, rows: [], wide: true })).toBe('No team yet.');
	});
	test('fits the screen unless all of it is asked for', () => {
		const rows = [['admins', '1']];
		expect(listing(terminal, { ...list, rows })).toBe(
			'TEAM\nadmins\nLeft out to fit the screen: MEMBERS. --wide shows all.',
		);
		expect(listing(terminal, { ...list, rows, wide: true })).toBe('TEAM    MEMBERS\nadmins  1');
	});
});

test('a moment is told to the second', () => {
	expect(shortMoment('2026-11-28T23:14:38.171Z')).toBe('2026-11-28T23:14:38Z');
	expect(shortMoment('2026-11-28T23:14:38Z')).toBe('2026-11-28T23:14:38Z');
});
