/**
 * A host that is enrolled anew, against the real host plane: under the name of one that was revoked, and as the same sandbox
 * on another machine. What was there before never comes back to life.
 */
import type { SandboxId } from '@tappass/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findSandbox } from '../store/sandboxes.ts';
import { HostSimulator } from '../test-support/host-simulator.ts';
import { type TestControlPlane, type TestOrg, testControlPlane } from '../test-support/test-control-plane.ts';

let control: TestControlPlane;
let org: TestOrg;
beforeAll(async () => {
	control = await testControlPlane();
	org = await control.addOrg('org_anew01');
	await control.start();
});
afterAll(() => control.close());

const addOne = async (): Promise<SandboxId> => (await control.addSandboxes(org, 1))[0]!;
const enrolAs = async (id: SandboxId, name: string): Promise<HostSimulator> =>
	HostSimulator.enrol((await control.emit(org, id)).url, { name });
const codeOf = ({ body }: { readonly body?: unknown }): unknown => (body as { code?: string } | undefined)?.code;
const named = async (name: string): Promise<string | undefined> =>
	control.database.store.withOrg(org.org_id, async (transaction) => (await findSandbox(transaction, name))?.id);

describe('another sandbox under a name', () => {
	it('is refused while the one that has it is not revoked, and the URL stays good', async () => {
		await enrolAs(await addOne(), 'held');
		const { url } = await control.emit(org, await addOne());

		await expect(HostSimulator.enrol(url, { name: 'held' })).rejects.toMatchObject({ code: 'already_exists' });

		expect((await HostSimulator.enrol(url, { name: 'held-2' })).rejections).toEqual([]);
	});

	it('is refused while the one that has it is locked: nobody has found out yet which of two is the right one', async () => {
		const host = await enrolAs(await addOne(), 'twins');
		const clone = host.clone();
		await host.reconcile();
		await host.renew();
		await host.reconcile();
		expect(codeOf(await clone.renew())).toBe('sandbox_locked');
		const { url } = await control.emit(org, await addOne());

		await expect(HostSimulator.enrol(url, { name: 'twins' })).rejects.toMatchObject({ code: 'already_exists' });
	});

	it('takes it over once that one is revoked, which stays revoked', async () => {
		const first = await addOne();
		const old = await enrolAs(first, 'again');
		await control.revoke(org, first);
		const second = await addOne();

		const host = await enrolAs(second, 'again');

		expect((await host.reconcile()).status).toBe(200);
		expect(await named('again')).toBe(second);
		expect(await named(first)).toBe(first);
		expect(codeOf(await old.reconcile())).toBe('sandbox_revoked');
		expect(codeOf(await old.renew())).toBe('sandbox_revoked');
		// Revoked too, the newest one has the name.
		await control.revoke(org, second);
		expect(await named('again')).toBe(second);
	});
});

describe('the same sandbox on a new URL', () => {
	it.each(['revoked', 'locked'] as const)('is refused when it is %s', async (state) => {
		const id = await addOne();
		await enrolAs(id, `ended-${state}`);
		const { url } = await control.emit(org, id);
		await control.database.store.withOrg(org.org_id, (transaction) =>
			transaction.updateTable('sandboxes').set({ state }).where('id', '=', id).execute(),
		);

		await expect(HostSimulator.enrol(url, { name: `ended-${state}` })).rejects.toMatchObject({
			code: `sandbox_${state}`,
		});
	});

	it('leaves the old certificate behind: refused for good, and no sign of a clone', async () => {
		const id = await addOne();
		const old = await enrolAs(id, 'moved');
		await old.reconcile();

		const host = await enrolAs(id, 'moved');

		expect(codeOf(await old.reconcile())).toBe('certificate_superseded');
		expect(codeOf(await old.renew())).toBe('certificate_superseded');
		expect((await host.reconcile()).status).toBe(200);
		expect((await host.renew()).status).toBe(201);
		expect(codeOf(await old.renew())).toBe('certificate_superseded');
		expect((await host.reconcile()).status).toBe(200);
	});

	it('the same holds for one that was never shown, and one that the old host had renewed', async () => {
		const id = await addOne();
		const never = await enrolAs(id, 'never-shown');
		const second = await enrolAs(id, 'never-shown');
		const before = second.clone();
		expect((await second.renew()).status).toBe(201);

		const host = await enrolAs(id, 'never-shown');

		for (const one of [never, before, second]) {
			expect(codeOf(await one.reconcile())).toBe('certificate_superseded');
			expect(codeOf(await one.renew())).toBe('certificate_superseded');
		}
		expect((await host.reconcile()).status).toBe(200);
	});

	it('of the host that is there now a copy is still found out', async () => {
		const id = await addOne();
		await enrolAs(id, 'copied');
		const host = await enrolAs(id, 'copied');
		const clone = host.clone();
		await host.reconcile();
		expect((await host.renew()).status).toBe(201);
		await host.reconcile();

		expect(codeOf(await clone.renew())).toBe('sandbox_locked');
		expect(codeOf(await host.reconcile())).toBe('sandbox_locked');
	});
});
