import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryFiles } from '../test-support/naive-log.ts';
import { decodeBundle, encodeBundle, entriesPath, integrate, parseLogPath, readBundle, tilePath } from './tiles.ts';
import { edgeBytes, emptyTree, grow, levelsOf, readEdge } from './tree.ts';

describe('a path of a log', () => {
	it.each([
		'tile/0/x000/000',
		'tile/0/1',
		'tile/0/0001',
		'tile/64/000',
		'tile/00/000',
		'tile/0/000.p/0',
		'tile/0/000.p/256',
		'tile/0/000.p/01',
		'tile/0/001/000',
		'tile/0/x001/x000',
		'tile/entries/000/..',
		'tile/data/000',
		'/checkpoint',
		'checkpoint/',
		'',
	])('is not %j', (path) => {
		expect(parseLogPath(path)).toBeUndefined();
	});

	it('has one form, read back as it was written', () => {
		expect(tilePath(0, 1_234_067)).toBe('tile/0/x001/x234/067');
		expect(tilePath(1, 0, 17)).toBe('tile/1/000.p/17');
		expect(entriesPath(273, 112)).toBe('tile/entries/273.p/112');
		expect(entriesPath(1_000)).toBe('tile/entries/x001/000');
		expect(parseLogPath('checkpoint')).toEqual({ kind: 'checkpoint' });
		fc.assert(
			fc.property(
				fc.integer({ min: 0, max: 63 }),
				fc.nat({ max: 10 ** 9 }),
				fc.integer({ min: 1, max: 256 }),
				(level, number, width) => {
					expect(parseLogPath(tilePath(level, number, width))).toEqual({ kind: 'tile', level, number, width });
					expect(parseLogPath(entriesPath(number, width))).toEqual({ kind: 'entries', number, width });
				},
			),
		);
	});
});

describe('a bundle of entries', () => {
	it('refuses bytes that end within an entry, and an entry longer than its length can say', () => {
		expect(decodeBundle(Buffer.of(0, 2, 65))).toBeUndefined();
		expect(decodeBundle(Buffer.of(0))).toBeUndefined();
		expect(() => encodeBundle([new Uint8Array(65_536)])).toThrow(
			expect.objectContaining({ code: 'audit_event_invalid' }),
		);
	});

	it('is read back as it was written', () => {
		expect(decodeBundle(encodeBundle([new Uint8Array(65_535)]))?.[0]).toHaveLength(65_535);
		fc.assert(
			fc.property(fc.array(fc.uint8Array({ maxLength: 600 })), (entries) => {
				expect(decodeBundle(encodeBundle(entries))?.map((entry) => [...entry])).toEqual(
					entries.map((entry) => [...entry]),
				);
			}),
		);
	});

	it('with more or fewer entries than belong in it is refused', async () => {
		const files = new MemoryFiles();
		files.files.set('tile/entries/000.p/2', encodeBundle([Buffer.from('a')]));
		files.files.set('tile/entries/001', encodeBundle(Array.from({ length: 257 }, () => Buffer.from('a'))));

		await expect(readBundle(files, 0, 2)).rejects.toMatchObject({
			code: 'audit_corrupt',
			fields: { file: 'tile/entries/000.p/2', index: 1 },
		});
		await expect(readBundle(files, 1, 256)).rejects.toMatchObject({ code: 'audit_corrupt' });
	});
});

describe('a log of 70,000 entries', () => {
	const entries = Array.from({ length: 70_000 }, (_, at) => Buffer.from(String(at)));
	const { state, files } = integrate({ tree: emptyTree, bundle: [] }, entries);
	const paths = files.map(({ path }) => path);

	it('has the tiles that the layout asks for', () => {
		expect(paths.filter((path) => /^tile\/0\/\d{3}$/.test(path))).toHaveLength(273);
		expect(paths.filter((path) => path.includes('.p/')).sort()).toEqual([
			'tile/0/273.p/112',
			'tile/1/001.p/17',
			'tile/2/000.p/1',
			'tile/entries/273.p/112',
		]);
		expect(paths).toContain('tile/1/000');
		expect(levelsOf(70_000)).toBe(3);
	});

	it('stands in its edge, which is read back from its bytes', () => {
		expect(readEdge(70_000, edgeBytes(state.tree))).toEqual(state.tree);
		expect(readEdge(69_999, edgeBytes(state.tree))).toBeUndefined();
		expect(readEdge(70_000, edgeBytes(state.tree).subarray(1))).toBeUndefined();
		expect(edgeBytes(grow(emptyTree, entries.slice(0, 256)).tree)).toHaveLength(32);
	});
});
