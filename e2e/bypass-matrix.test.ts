/**
 * The bypass matrix of the reference architecture (§9.2), the rows that the gateway and the broker catch. The kernel ring's
 * rows are in kernel-ring.service.test.ts, the harness ring's in host-harness.service.test.ts.
 */
import { describe, expect, test } from 'vitest';
import { boundPolicy, governed } from './support/governed.ts';

const policy = boundPolicy();

describe('bypass matrix', () => {
	test('LLM hallucinates delete_pii_archive: the LLM Gateway rejects the emission', async () => {
		const { model, ports } = await governed(policy);
		const prompt = await model('Which archives are there?');
		if (prompt.effect !== 'allow') throw new Error('refused');
		const { guard, settle } = prompt.admitted;

		for (const [wire_name, args] of [
			['delete_pii_archive', {}],
			['collibra__delete_pii_archive', {}],
			['collibra__delete_asset', { schema: 'pii_archive', asset_id: 'a1' }],
		] as const)
			expect(await guard.emission({ wire_name, arguments_text: JSON.stringify(args) })).toMatchObject({
				effect: 'block',
			});
		const honest = await model('Which schemas are there?');
		expect(
			honest.effect === 'allow' &&
				(await honest.admitted.guard.emission({ wire_name: 'collibra__list_schemas', arguments_text: '{}' })),
		).toMatchObject({ effect: 'release' });
		await settle({ how: 'blocked', status: 200, released_bytes: 0 });
		expect(ports.audit.events.at(-1)).toMatchObject({ type: 'call.settled' });
	});

	test('LLM emits something the gateway missed: the MCP Broker rejects it by its arguments', async () => {
		const { tool, ports } = await governed(policy);

		const admission = await tool('collibra.delete_asset', { schema: 'pii_archive', asset_id: 'a1' });

		expect(admission).toMatchObject({
			effect: 'block',
			denial: { code: 'schema_denied', step: 'schema_acl', level: 'project' },
		});
		expect(ports.audit.events.at(-1)).toMatchObject({ decision: 'block', step: 'schema_acl', level: 'project' });
	});

	test('a tool call that is no JSON is no way around either', async () => {
		const { model } = await governed(policy);
		const prompt = await model('Which archives are there?');
		if (prompt.effect !== 'allow') throw new Error('refused');

		for (const arguments_text of ['', '{', '[]', '{"schema":"customers","schema":"pii_archive"}'])
			expect(
				await prompt.admitted.guard.emission({ wire_name: 'collibra__delete_asset', arguments_text }),
				arguments_text,
			).toMatchObject({ effect: 'block' });
	});
});
