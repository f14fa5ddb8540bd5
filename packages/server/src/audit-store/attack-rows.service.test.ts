import { parseLeaf } from '@tappass/audit';
import type { SandboxId } from '@tappass/core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { HostSimulator } from '../test-support/host-simulator.ts';
import { type TestControlPlane, type TestOrg, testControlPlane } from '../test-support/test-control-plane.ts';
import { fileOf, type Reply, type TestServer, testServer } from '../test-support/test-server.ts';
import { AuditLog } from './audit-log.ts';
import { findEntries, readPayload } from './query.ts';

/*
 * What the attack rows of sync say about the audit log. Row 40's other half, a database that is older than what was signed, is in
 * the fault suite.
 */

const wait = { timeout: 60_000, interval: 100 };

describe('row 16, a payload for another tenant', () => {
	let control: TestControlPlane;
	let [org, other]: TestOrg[] = [];
	beforeAll(async () => {
		control = await testControlPlane();
		[org, other] = [await control.addOrg('org_row16aa'), await control.addOrg('org_row16bb')];
		await control.start();
		control.audit.start();
	});
	afterAll(async () => {
		await control.audit.stop();
		await control.close();
	});

	it('is in the log of both, and the other learns nothing of the host or of what it got', async () => {
		const [own] = await control.addSandboxes(org!, 1);
		const [stranger] = await control.addSandboxes(other!, 1);
		const host = await HostSimulator.enrol((await control.emit(org!, own!)).url);
		const body = {
			code: 'audience_mismatch',
			claimed_org_id: other!.org_id,
			claimed_sandbox_id: stranger!,
			secret_content: 'not for others',
		};
		const event = { event_id: 'one', kind: 'sync_rejected', at: '2026-01-01T00:00:00Z', body };
		await host.call('POST', '/v1/sync/events', { schema: 'tappass.events/1', events: [event] });
		host.stop();

		const alarms = (of: TestOrg): ReturnType<typeof findEntries> =>
			control.database.store.withOrg(of.org_id, (transaction) =>
				findEntries(transaction, { type: 'security.alarm', code: 'audience_mismatch' }, 'asc', 10),
			);
		await vi.waitFor(async () => {
			expect(await alarms(org!)).toHaveLength(1);
			expect(await alarms(other!)).toHaveLength(1);
		}, wait);
		const [told] = await alarms(other!);
		const opening = await control.database.store.withOrg(other!.org_id, (transaction) =>
			readPayload(transaction, control.keys, other!.org_id, told!.event_id),
		);

		const text = Buffer.from(opening!).toString('utf8');
		expect(text).toContain(stranger!);
		for (const secret of ['not for others', own!, org!.org_id, 'secret_content']) expect(text).not.toContain(secret);
	});
});

describe('rows of the operator', () => {
	let test: TestServer;
	beforeAll(async () => {
		test = await testServer();
	});
	afterAll(() => test.close());

	const found = async (query: string): Promise<Reply['body']['items']> =>
		(await test.call('GET', `/v1/audit/events?${query}`)).body.items;
	const opened = async (event_id: string): Promise<string> => {
		const { body } = await test.call('GET', `/v1/audit/events/${event_id}/payload`);
		expect(body).toHaveProperty('opening');
		return Buffer.from(body.opening, 'base64').subarray(32).toString('utf8');
	};

	it('row 23, a policy key is compromised: every version that it signed after a moment is listed', async () => {
		const floor = (tool: string): object => ({
			files: [fileOf('floor.rego', `package tappass.policy\n\ntools.allow contains "${tool}"\n`)],
		});
		await test.call('POST', '/v1/policies/apply', floor('gmail.*'));
		const made = await test.call('POST', '/v1/sandbox-specs/eu-support-emailer/bootstraps', {
			project: 'eu',
			count: 3,
		});
		const ids = (made.body.items as { sandbox_id: string }[]).map(({ sandbox_id }) => sandbox_id);
		await vi.waitFor(async () => expect(await found('type=policy.signed')).toHaveLength(3), wait);
		const since = new Date().toISOString();
		await test.call('POST', '/v1/policies/apply', floor('zendesk.*'));

		const listed = await vi.waitFor(async () => {
			const items = await found(`type=policy.signed&since=${since}`);
			expect(items).toHaveLength(3);
			return items;
		}, wait);
		const { store } = test.server.services;
		const statements = await store.withOrg(test.server.created!.org_id, (transaction) =>
			transaction
				.selectFrom('policy_statements')
				.select(['sandbox_id', 'key_id'])
				.where('policy_version', '=', 2)
				.execute(),
		);

		expect(listed.map(({ sandbox_id }: { sandbox_id: string }) => sandbox_id).toSorted()).toEqual(ids.toSorted());
		for (const { leaf, event_id, sandbox_id } of listed) {
			expect(parseLeaf(Buffer.from(leaf, 'base64')).policy_version).toBe(2);
			expect(await opened(event_id)).toContain(statements.find((each) => each.sandbox_id === sandbox_id)!.key_id);
		}
	});

	it('row 41, a restored database brings back what was erased: it is erased again before the log goes on', async () => {
		const { audit, keys, store } = test.server.services;
		const org_id = test.server.created!.org_id;
		const actor = { kind: 'operator', id: 'user_x' } as const;
		const event = audit.event({ org_id, type: 'clearance.granted', actor, decision: 'none', payload: { who: 'x' } });
		await audit.append([event]);
		await vi.waitFor(async () => expect(await found('type=clearance.granted')).toHaveLength(1), wait);
		const kept = await store.withOrg(org_id, (transaction) =>
			transaction.selectFrom('audit_payloads').selectAll().where('event_id', '=', event.id).executeTakeFirstOrThrow(),
		);
		const erased = await test.call('POST', '/v1/audit/erasures', { events: [event.id], legal_basis: 'gdpr-art-17' });
		expect(erased.status).toBe(201);
		await audit.stop();
		await store.withOrg(org_id, (transaction) => transaction.insertInto('audit_payloads').values(kept).execute());
		expect((await test.call('GET', `/v1/audit/events/${event.id}`)).body.has_payload).toBe(true);

		const directory = `${test.directory}/watermarks`;
		const next = new AuditLog({ store, keys, directory, host: 'tappass.local', now: Date.now, log: () => {} });
		next.start();
		await vi.waitFor(async () => {
			expect((await test.call('GET', `/v1/audit/events/${event.id}`)).body.has_payload).toBe(false);
		}, wait);
		await next.stop();
	});

	it('row 41, a sandbox that was revoked: the log says so, whatever a restored database says', async () => {
		const made = await test.call('POST', '/v1/sandbox-specs/eu-support-emailer/bootstraps', {});
		const id = made.body.items[0].sandbox_id as SandboxId;

		const revoked = await test.call('POST', `/v1/sandboxes/${id}/revoke`, { reason: 'lost' });

		expect(revoked.status).toBe(200);
		const { store } = test.server.services;
		const waiting = await store.withOrg(test.server.created!.org_id, (transaction) =>
			transaction.selectFrom('audit_pending').select('type').where('sandbox_id', '=', id).execute(),
		);
		expect(waiting.map(({ type }) => type)).toContain('sandbox.revoked');
	});
});
