import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryFiles, naive } from '../test-support/naive-log.ts';
import { emptyRoot, hashLeaf } from './hash.ts';
import { proveConsistency, proveInclusion, rootAt, verifyConsistency, verifyInclusion } from './proof.ts';
import { integrate, type LogState } from './tiles.ts';
import { emptyTree, grow, rootOf } from './tree.ts';

// The eight entries of the test vectors that implementations of RFC 6962 share, and the root after each.
const vectorEntries = [
	'',
	'00',
	'10',
	'2021',
	'3031',
	'40414243',
	'5051525354555657',
	'606162636465666768696a6b6c6d6e6f',
].map((hex) => Buffer.from(hex, 'hex'));
const vectorRoots = [
	'6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
	'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
	'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
	'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
	'4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
	'76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
	'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
	'5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

const entriesOf = (count: number): readonly Buffer[] => Array.from({ length: count }, (_, at) => Buffer.from(`e${at}`));

function logOf(entries: readonly Uint8Array[], batches: readonly number[] = [entries.length]): MemoryFiles {
	const files = new MemoryFiles();
	let state: LogState = { tree: emptyTree, bundle: [] };
	let at = 0;
	for (const batch of [...batches, entries.length]) {
		const next = integrate(state, entries.slice(at, at + batch));
		files.write(next.files);
		state = next.state;
		at += batch;
	}
	return files;
}

describe('the tree', () => {
	it('has the roots of the shared test vectors', () => {
		expect(rootOf(emptyTree)).toEqual(emptyRoot);
		expect(Buffer.from(hashLeaf(Buffer.from('L123456'))).toString('hex')).toBe(
			'395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56',
		);
		vectorRoots.forEach((root, at) => {
			const { tree } = grow(emptyTree, vectorEntries.slice(0, at + 1));
			expect(Buffer.from(rootOf(tree)).toString('hex')).toBe(root);
		});
	});

	it('has the root of the naive tree however its entries came', () => {
		fc.assert(
			fc.property(fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 4 }), (batches) => {
				const entries = entriesOf(batches.reduce((sum, one) => sum + one, 0));
				let tree = emptyTree;
				let at = 0;
				for (const batch of batches) {
					tree = grow(tree, entries.slice(at, at + batch)).tree;
					at += batch;
				}
				expect(rootOf(tree)).toEqual(naive.root(entries));
			}),
			{ numRuns: 15 },
		);
	});
});

describe('proofs out of tiles', () => {
	it('are those of the naive tree, and verify', async () => {
		const size = fc.integer({ min: 1, max: 700 });
		const property = fc.asyncProperty(size, fc.nat(), fc.nat(), fc.nat({ max: 300 }), async (count, a, b, first) => {
			const entries = entriesOf(count);
			const files = logOf(entries, [Math.min(first, count)]);
			const [index, older] = [a % count, b % (count + 1)];
			const inclusion = await proveInclusion(files, count, index);
			const consistency = await proveConsistency(files, older, count);
			const root = naive.root(entries);
			const before = { size: older, root: naive.root(entries.slice(0, older)) };

			expect(inclusion).toEqual(naive.path(index, entries));
			expect(consistency).toEqual(naive.proof(older, entries));
			expect(await rootAt(files, count, older)).toEqual(before.root);
			expect(verifyInclusion({ entry: entries[index]!, index, size: count, root, proof: inclusion })).toBe(true);
			expect(verifyConsistency({ older: before, newer: { size: count, root }, proof: consistency })).toBe(true);
		});
		await fc.assert(property, { numRuns: 40 });
	});

	it('show nothing else: another entry, index, size, root or path is refused', async () => {
		const property = fc.asyncProperty(fc.integer({ min: 2, max: 40 }), fc.nat(), fc.nat(), async (size, a, b) => {
			const entries = entriesOf(size);
			const files = logOf(entries);
			const [index, older] = [a % size, 1 + (b % (size - 1))];
			const root = naive.root(entries);
			const honest = { entry: entries[index]!, index, size, root, proof: await proveInclusion(files, size, index) };
			const lies = [
				{ ...honest, entry: Buffer.from('another') },
				{ ...honest, index: (index + 1) % size },
				{ ...honest, index: index + size },
				{ ...honest, index: -1 },
				{ ...honest, root: naive.root(entries.slice(1)) },
				{ ...honest, proof: honest.proof.slice(1) },
				{ ...honest, proof: [...honest.proof, root] },
				{ ...honest, proof: [Buffer.alloc(31), ...honest.proof.slice(1)] },
			];
			const before = { size: older, root: naive.root(entries.slice(0, older)) };
			const whole = { older: before, newer: { size, root }, proof: await proveConsistency(files, older, size) };
			const rewritten = naive.root([Buffer.from('another'), ...entries.slice(1, older)]);
			const forks = [
				{ ...whole, older: { ...before, root: rewritten } },
				{ ...whole, newer: { size, root: naive.root(entries.slice(1)) } },
				{ ...whole, older: whole.newer, newer: before },
				{ ...whole, proof: [...whole.proof, root] },
				{ ...whole, proof: whole.proof.slice(1) },
			];

			expect(lies.filter(verifyInclusion)).toEqual([]);
			expect(forks.filter(verifyConsistency)).toEqual([]);
		});
		await fc.assert(property, { numRuns: 60 });
	});

	it('say what is not there', async () => {
		const files = logOf(entriesOf(3));

		await expect(proveInclusion(files, 3, 3)).rejects.toMatchObject({ code: 'not_found' });
		await expect(proveConsistency(files, 4, 3)).rejects.toMatchObject({ code: 'not_found' });
		files.files.delete('tile/0/000.p/3');
		await expect(proveInclusion(files, 3, 1)).rejects.toMatchObject({ code: 'audit_incomplete' });
		files.files.set('tile/0/000.p/3', Buffer.alloc(95));
		await expect(proveInclusion(files, 3, 1)).rejects.toMatchObject({ code: 'audit_corrupt' });
	});

	it('come out of full tiles when a partial one was deleted', async () => {
		const entries = entriesOf(600);
		const files = logOf(entries, [300]);
		files.files.delete('tile/0/001.p/44');

		expect(await proveInclusion(files, 300, 299)).toEqual(naive.path(299, entries.slice(0, 300)));
	});
});
