import { expect, it } from 'vitest';
import { isRe2, searchRe2 } from './regex.ts';

it('finds by RE2, and says of no other pattern that it was not found', () => {
	expect(searchRe2('^a', 'ab')).toBe(true);
	expect(searchRe2('^b', 'ab')).toBe(false);
	expect(isRe2('(?=x)')).toBe(false);
	expect(() => searchRe2('(?=x)', 'ab')).toThrow();
});
