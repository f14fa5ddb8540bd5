import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { SandboxId } from '@tappass/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestControlPlane, type TestOrg, testControlPlane } from '../test-support/test-control-plane.ts';
import { KeyringIssuer } from './keyring-issuer.ts';
import { openRestoreGuard, type RestoreGuard } from './restore-guard.ts';

let control: TestControlPlane;
let org: TestOrg;
let ids: readonly SandboxId[];
let guard: RestoreGuard;
let issuer: KeyringIssuer;

beforeAll(async () => {
	control = await testControlPlane();
	org = await control.addOrg('org_acme01');
	ids = await control.addSandboxes(org, 30);
	await control.database.store.withOrg(org.org_id, (transaction) =>
		transaction.updateTable('sandboxes').set({ state: 'active' }).execute(),
	);
	const { directory, store } = control.database;
	guard = openRestoreGuard(path.join(directory, 'guard'), store);
	issuer = new KeyringIssuer({ store, keys: control.keys, guard, now: Date.now });
});
afterAll(() => control.close());

const code = (expected: string): object => expect.objectContaining({ code: expected });

describe('a keyring', () => {
	it('is refused to a sandbox that is revoked, unknown, or whose statement is of another epoch', async () => {
		const [revoked, old] = (await control.addSandboxes(org, 2)) as [SandboxId, SandboxId];
		await control.revoke(org, revoked);
		await control.database.store.withOrg(org.org_id, (transaction) =>
			transaction.updateTable('sandboxes').set({ state: 'active', epoch: 7 }).where('id', '=', old).execute(),
		);

		for (const id of [revoked, old, 'sbx_nobody1' as SandboxId])
			await expect(issuer.issue(org.org_id, id)).rejects.toThrow(code('policy_pending'));
	});

	it('is each caller’s own: many at once never share a sequence number', async () => {
		const asked = [...Array(8).keys()].flatMap(() => ids);

		const keyrings = await Promise.all(asked.map(async (id) => `${id} ${(await issuer.issue(org.org_id, id)).seq}`));

		expect(new Set(keyrings).size).toBe(asked.length);
	});
});

describe('the restore guard', () => {
	it('suspects nothing while keyrings are being signed', async () => {
		const checks = [...Array(60).keys()].map(async (at) => {
			await issuer.issue(org.org_id, ids[at % ids.length]!);
			await guard.assertNotRestored(org.org_id);
		});

		await expect(Promise.all(checks)).resolves.toHaveLength(60);
	});

	it('does not let a database that is behind catch up by being asked', async () => {
		const id = ids[0]!;
		await control.database.store.withOrg(org.org_id, (transaction) =>
			transaction.updateTable('watermarks').set({ counter: 2 }).execute(),
		);
		for (let attempt = 0; attempt < 40; attempt += 1)
			await expect(issuer.issue(org.org_id, id)).rejects.toThrow(code('restore_suspected'));
	});

	it('refuses when its record cannot be read', async () => {
		const directory = path.join(control.database.directory, 'damaged');
		await mkdir(directory);
		await writeFile(path.join(directory, `${org.org_id}.json`), '{"schema":"tappass.watermark/1","epoch":1');

		const damaged = openRestoreGuard(directory, control.database.store);

		await expect(damaged.assertNotRestored(org.org_id)).rejects.toThrow(code('restore_suspected'));
	});
});
