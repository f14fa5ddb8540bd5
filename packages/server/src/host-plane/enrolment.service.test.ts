import type { SandboxId } from '@tappass/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HostSimulator } from '../test-support/host-simulator.ts';
import {
	policyWithBudget,
	type TestControlPlane,
	type TestOrg,
	testControlPlane,
} from '../test-support/test-control-plane.ts';

let plane: TestControlPlane;
let org: TestOrg;

beforeAll(async () => {
	plane = await testControlPlane();
	org = await plane.addOrg('org_acme01');
	await plane.start();
});
afterAll(() => plane.close());

describe('a host', () => {
	it('enrols, streams, and holds each new policy without asking for it', async () => {
		const [id] = (await plane.addSandboxes(org, 1)) as [SandboxId];
		const host = await HostSimulator.enrol((await plane.emit(org, id)).url, { name: 'tenant_a' });
		expect(host.rejections).toEqual([]);
		expect(host.policy_version).toBe(1);

		expect(await host.stream()).toBe(200);
		await host.until(() => host.events.length > 0);
		await plane.apply(org, [id], { policy: policyWithBudget(7) });
		await host.until(() => host.policy_version === 2);

		expect(host.rejections).toEqual([]);
		host.stop();
	});
});
