import { readScript, type ScriptedModel, scriptedModel } from '@tappass/gateway/dev-model';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HostSimulator } from '../test-support/host-simulator.ts';
import { fileOf, type Reply, send, type TestServer, testServer } from '../test-support/test-server.ts';

/* One call from a host's token to a model and back: the real server, its database, its log. */

let test: TestServer;
let host: HostSimulator;
let model: ScriptedModel;

const policy = (models: string): string =>
	`package tappass.policy\n\nmodels.allow contains "${models}"\n\nbudget.tokens_per_day := 100000\n\nbudget.dollars_per_month := 10\n\nbudget.tool_calls_per_minute := 60\n`;

beforeAll(async () => {
	model = await scriptedModel(
		readScript({ schema: 'tappass.dev-model/1', turns: [{ say: 'Hello from upstream.' }] }, 'script'),
	);
	test = await testServer();
	await test.call('POST', '/v1/policies/apply', { files: [fileOf('floor.rego', policy('scripted*'))] });
	const { body } = await test.call('POST', '/v1/sandbox-specs/eu-support-emailer/bootstraps', {
		count: 1,
		project: 'support',
	});
	host = await HostSimulator.enrol(body.items[0].url, { name: 'tenant_a' });
	const { org_id } = host.identity;
	await test.server.services.store.withOrg(org_id, async (transaction) => {
		await transaction
			.insertInto('upstreams')
			.values({
				org_id,
				name: 'scripted',
				speaks: 'openai',
				base_url: model.url,
				models: ['scripted*'],
				// The function's data category keeps models in the Union.
				region: 'eu',
				timeout_ms: 10_000,
				created_by: 'test',
			})
			.execute();
		await transaction
			.insertInto('model_prices')
			.values({ org_id, model: 'scripted*', input: 1, output: 1, cache_read: 1, cache_write: 1, set_by: 'test' })
			.execute();
	});
	expect(await host.stream()).toBe(200);
});
afterAll(async () => {
	host.stop();
	await test.close();
	await model.close();
});

async function openSession(): Promise<string> {
	const answer = await host.call('POST', '/v1/sync/sessions', { schema: 'tappass.session/1', detail: {} });
	const { keyring } = answer.body as unknown as { keyring: { freshness: { payload: string } } };
	const { tokens } = JSON.parse(Buffer.from(keyring.freshness.payload, 'base64').toString('utf8'));
	return tokens.gateway_token as string;
}
function ask(token: string | undefined, name = 'scripted'): Promise<Reply> {
	const body = { model: name, messages: [{ role: 'user', content: 'Hi.' }] };
	const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
	return send(test.server.urls.agent!, 'POST', '/v1/chat/completions', body, headers as Record<string, string>);
}

function typesOf(org_id: HostSimulator['identity']['org_id']): Promise<readonly string[]> {
	return test.server.services.store.withOrg(org_id, async (transaction) => {
		const [done, waiting] = [
			await transaction.selectFrom('audit_entries').select('type').execute(),
			await transaction.selectFrom('audit_pending').select('type').execute(),
		];
		return [...done, ...waiting].map(({ type }) => type);
	});
}

describe('the agent plane', () => {
	it('refuses a caller that nobody enrolled, and remembers it', async () => {
		const reply = await ask('not-a-token');

		expect(reply.status).toBe(401);
		expect(model.calls).toHaveLength(0);
	});

	it('refuses a model that the policy does not allow', async () => {
		const reply = await ask(await openSession(), 'gpt-4o');

		expect([reply.status, reply.body.error.code]).toEqual([403, 'model_denied']);
		expect(model.calls).toHaveLength(0);
	});

	it('lets an honest call through, and the log tells of it before and after', async () => {
		const token = await openSession();
		const reply = await ask(token);

		expect(reply.body).toMatchObject({ choices: [{ message: { content: 'Hello from upstream.' } }] });
		expect(model.calls).toHaveLength(1);
		expect(model.calls[0]!.headers['authorization']).toBeUndefined();
		const { org_id } = host.identity;
		// The last record follows the answer.
		await expect
			.poll(() => typesOf(org_id))
			.toEqual(expect.arrayContaining(['call.denied', 'call.admitted', 'call.settled']));
		const open = await test.server.services.store.withOrg(org_id, (transaction) =>
			transaction.selectFrom('budget_reservations').select('request_id').where('settled', '=', false).execute(),
		);
		expect(open).toEqual([]);
	});

	it('goes by a change of policy with the next call, and refuses a revoked sandbox at once', async () => {
		const token = await openSession();
		expect((await ask(token)).status).toBe(200);

		await test.call('POST', '/v1/policies/apply', { files: [fileOf('floor.rego', policy('other*'))] });
		await expect.poll(async () => (await ask(token)).status).toBe(403);

		await test.call('POST', `/v1/sandboxes/tenant_a/revoke`, { reason: 'test' });
		await expect
			.poll(async () => {
				const { status, body } = await ask(token);
				return [status, body.error?.code];
			})
			.toEqual([401, 'sandbox_revoked']);
	});
});
