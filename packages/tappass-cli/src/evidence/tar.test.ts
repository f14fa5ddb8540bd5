import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { tarBytes } from './tar.ts';

const files = [
	{ path: 'b/empty', bytes: Buffer.alloc(0) },
	{ path: 'a.txt', bytes: Buffer.from('hello') },
	{ path: `${'n'.repeat(90)}/block`, bytes: Buffer.alloc(512, 1) },
];

it('refuses a path that a header has no room for', () => {
	expect(() => tarBytes([{ path: 'n'.repeat(101), bytes: Buffer.alloc(1) }])).toThrow(
		expect.objectContaining({ code: 'internal' }),
	);
});

it('is read by tar, in the order of the paths, and is the same whatever order they came in', () => {
	const bytes = tarBytes(files);
	const tar = (...args: readonly string[]): Buffer => execFileSync('tar', [...args], { input: bytes });

	expect(tar('-tf', '-').toString().trim().split('\n')).toEqual(['a.txt', 'b/empty', `${'n'.repeat(90)}/block`]);
	expect(tar('-xOf', '-', 'a.txt').toString()).toBe('hello');
	expect(tar('-xOf', '-', files[2]!.path)).toEqual(files[2]!.bytes);
	expect(tarBytes([...files].reverse())).toEqual(bytes);
});
