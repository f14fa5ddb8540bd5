import { describe, expect, test } from 'vitest';
import { modelCall, noon, testSandbox, toolCall } from '../sandbox.test.support.ts';
import type { Admitted } from './admission.ts';
import { createPipeline } from './pipeline.ts';

const usage = { input_tokens: 10, cache_read_tokens: 0, cache_write_tokens: 0, output_tokens: 5 };

describe('a call that nobody may make', () => {
	test.each([
		['without a token', undefined, 'unauthenticated'],
		['with something else than a token', 'Bearer x', 'unauthenticated'],
	])('is refused %s, and reported', async (_, token, code) => {
		const { ports, caller } = await testSandbox();
		const admission = await createPipeline(ports).admit(modelCall(), { ...caller, token });

		expect(admission).toMatchObject({ effect: 'block', denial: { code, status: 401, step: 'authenticate' } });
		expect(ports.unenrolled.callers).toMatchObject([{ source: '127.0.0.1', user_agent: 'test', count: 1 }]);
	});

	test('is refused with a token that another key signed, and recorded without an identity', async () => {
		const { ports, caller } = await testSandbox();
		const token = `${caller.token!.slice(0, -8)}AAAAAAAA`;
		const admission = await createPipeline(ports).admit(modelCall(), { ...caller, token });

		expect(admission).toMatchObject({ effect: 'block', denial: { code: 'token_invalid' } });
		expect(ports.audit.events).toMatchObject([{ type: 'call.denied', actor: { kind: 'unknown', id: '127.0.0.1' } }]);
		expect(ports.audit.events[0]).not.toHaveProperty('sandbox_id');
	});
});

describe('an honest call', () => {
	test('of a model is admitted, recorded before its first byte, settled once', async () => {
		const { ports, policy, caller } = await testSandbox();
		const pipeline = createPipeline(ports);
		const admission = await pipeline.admit(modelCall(), caller);

		expect(admission.effect, JSON.stringify(admission)).toBe('allow');
		const { admitted } = admission as { readonly admitted: Admitted };
		await admitted.recorded;
		expect(ports.audit.events.map(({ type }) => type)).toEqual(['call.admitted']);
		expect(admitted.route?.headers).toEqual({ authorization: 'Bearer fixture-credential' });
		expect(ports.budgets.open).toBe(1);
		expect(admitted.guard.push('0', 'Hi')).toEqual({ effect: 'release', text: 'Hi' });

		const outcome = { how: 'completed', status: 200, released_bytes: 2, usage } as const;
		await Promise.all([admitted.settle(outcome), admitted.settle(outcome)]);
		expect(ports.audit.events.map(({ type }) => type)).toEqual(['call.admitted', 'call.settled']);
		expect([ports.budgets.open, ports.budgets.used(policy, noon).tokens]).toEqual([0, 15]);
	});

	test('of a tool is recorded before it is called', async () => {
		const { ports, broker } = await testSandbox();
		const admission = await createPipeline(ports).admit(toolCall('collibra.get_asset', { schema: 'a' }), broker);

		expect(admission.effect, JSON.stringify(admission)).toBe('allow');
		expect(ports.audit.events.map(({ type }) => type)).toEqual(['call.admitted']);
	});
});
