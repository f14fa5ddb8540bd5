import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { storableJson, storableText } from './storable.ts';

describe('what is stored', () => {
	it('holds no NUL, in texts, values and names', () => {
		expect(storableText('a\0b\0')).toBe('a\ufffdb\ufffd');
		expect(JSON.parse(storableJson(JSON.stringify({ 'a\0': ['\0', '\\\0', '\\\\\0'] })))).toEqual({
			'a\ufffd': ['\ufffd', '\\\ufffd', '\\\\\ufffd'],
		});
	});

	it('is otherwise what it was, also where a text only looks like an escape', () => {
		fc.assert(
			fc.property(fc.array(fc.constantFrom('\\', '\0', 'u', '0', '\\u0000', '"', 'a')), (parts) => {
				const text = parts.join('');
				expect(JSON.parse(storableJson(JSON.stringify([text])))).toEqual([storableText(text)]);
			}),
		);
	});
});
