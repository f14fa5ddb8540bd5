import { generateSigner } from '@tappass/signing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
	signedRoot,
	type TestControlPlane,
	type TestOrg,
	testControlPlane,
} from '../test-support/test-control-plane.ts';
import { type AcceptedRoot, acceptRoot } from './accept-root.ts';

let control: TestControlPlane;
let org: TestOrg;

beforeAll(async () => {
	control = await testControlPlane();
	org = await control.addOrg('org_acme01');
	await control.addSandboxes(org, 3);
});
afterAll(() => control.close());

const code = (expected: string): object => expect.objectContaining({ code: expected });
const accept = (bytes: Uint8Array, now = Date.now()): Promise<AcceptedRoot> =>
	control.database.store.withOrg(org.org_id, (transaction) => acceptRoot(transaction, org.org_id, bytes, now));

describe('a root document', () => {
	it.each([
		['signed by one root key of two', 'threshold_unmet', () => signedRoot(org, org.keys, 2, 2, org.roots.slice(0, 1))],
		['of the same version', 'root_rollback', () => signedRoot(org, org.keys, 1, 2)],
		['that leaves a version out', 'root_version_gap', () => signedRoot(org, org.keys, 3, 2)],
		[
			'that does not list a key of this server',
			'key_unknown',
			() => signedRoot(org, { ...org.keys, freshness: generateSigner('ed25519') }, 2, 2),
		],
		[
			'that lists another CA',
			'key_unknown',
			() => signedRoot(org, { ...org.keys, host_ca: generateSigner('es256') }, 2, 2),
		],
	])('%s is refused, and nothing changes', async (_name, expected, make) => {
		await expect(accept(await make())).rejects.toThrow(code(expected));
		await expect(accept(await signedRoot(org, org.keys, 2, 1), Date.now() + 400 * 86_400_000)).rejects.toThrow(
			code('root_expired'),
		);
	});

	it('that raises the epoch is taken once, and every statement before it is out of date', async () => {
		const bytes = await signedRoot(org, org.keys, 2, 2);

		expect(await accept(bytes)).toEqual({ version: 2, epoch: 2, outdated: 3, rotated: [] });
		await expect(accept(bytes)).rejects.toThrow(code('root_rollback'));
	});

	it('that keeps the epoch leaves statements as they are, and none may lower it', async () => {
		await expect(accept(await signedRoot(org, org.keys, 3, 1))).rejects.toThrow(code('root_rollback'));
		expect(await accept(await signedRoot(org, org.keys, 3, 2))).toEqual({
			version: 3,
			epoch: 2,
			outdated: 0,
			rotated: [],
		});
	});
});
