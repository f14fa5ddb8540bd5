import {
	composeRoot,
	documentBytes,
	generateKeys,
	generateSigner,
	type KeySet,
	type LocalSigner,
	makeDevelopmentRoot,
	signRoot,
} from '@tappass/signing';
import { pinRoot } from '@tappass/trust';
import { describe, expect, it } from 'vitest';
import { signNext } from './root-keys.ts';

const now = Date.UTC(2026, 5, 1);
const keys = generateKeys();
const ours = keys.root as readonly LocalSigner[];

async function document(set: KeySet, signers: readonly LocalSigner[]): Promise<Uint8Array> {
	const { document: held } = pinRoot(await makeDevelopmentRoot(keys));
	const terms = { ...held, version: 1, epoch: 1 };
	return documentBytes(await signRoot(composeRoot(terms, set), signers));
}
const current = async (bytes: Promise<Uint8Array>) => ({ bytes: await bytes, held: pinRoot(await bytes) });

describe('what a server hands out to be followed', () => {
	it('is refused when it lists our root keys among its own, and none of ours has signed it', async () => {
		const theirs = [1, 2].map(() => generateSigner('ed25519'));
		const forged = await current(document({ ...keys, root: [...theirs, ...ours] }, theirs));

		await expect(signNext(forged, ours, { epoch: 2 }, now)).rejects.toMatchObject({ code: 'root_mismatch' });
	});

	it('is refused when it is of other root keys', async () => {
		const theirs = [1, 2, 3].map(() => generateSigner('ed25519'));
		const other = await current(document({ ...keys, root: theirs }, theirs));

		await expect(signNext(other, ours, { epoch: 2 }, now)).rejects.toMatchObject({ code: 'threshold_unmet' });
	});

	it('is not followed with one key, nor with the same one twice', async () => {
		const held = await current(document(keys, ours));

		for (const few of [[ours[0]!], [ours[0]!, ours[0]!], []])
			await expect(signNext(held, few, { epoch: 2 }, now)).rejects.toMatchObject({ code: 'threshold_unmet' });
	});
});

describe('the document that follows', () => {
	it('raises the epoch and keeps the keys', async () => {
		const held = await current(document(keys, ours));
		const { next } = await signNext(held, ours.slice(1), { epoch: 5 }, now);

		expect(next.document).toMatchObject({ version: 2, epoch: 5, keys: held.held.document.keys });
		expect(next.document.expires_at).toBe('2031-06-01T00:00:00Z');
	});

	it('replaces the root keys and no other', async () => {
		const held = await current(document(keys, ours));
		const roots = [1, 2, 3].map(() => generateSigner('ed25519'));
		const { next } = await signNext(held, ours, { epoch: 1, roots }, now);

		expect(next.document.roles.root.keyids).toEqual(roots.map(({ id }) => id));
		expect(next.document.roles.policy).toEqual(held.held.document.roles.policy);
		for (const { id } of ours) expect(next.document.keys).not.toHaveProperty(id);
	});
});
