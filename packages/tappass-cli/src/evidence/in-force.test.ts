import { expect, it } from 'vitest';
import { inForceOf } from './in-force.ts';

it.each([
	['text', 'no JSON'],
	['another shape', '[{}, {}, {}]'],
	['a key twice', '[{"compliance_tags":[],"compliance_tags":[]}, {}, {}]'],
	['a nesting without end', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
])('what a server hands out as a compiled policy and is %s is its fault', (_, content) => {
	expect(() => inForceOf({ path: `policy/compiled/${'0'.repeat(64)}.json`, bytes: Buffer.from(content) })).toThrow(
		expect.objectContaining({ code: 'server_unexpected' }),
	);
});
