/**
 * The bypass matrix of the reference architecture (§9.2), the rows that the gateway and the broker catch. The kernel ring's
 * rows are in kernel-ring.service.test.ts, the harness ring's in host-harness.service.test.ts.
 */
import type { Admission } from '@tappass/gateway';
import { describe, expect, test } from 'vitest';
import { boundPolicy, governed } from './support/governed.ts';

const policy = boundPolicy();

async function admittedOf(asked: Promise<Admission>): Promise<Extract<Admission, { effect: 'allow' }>['admitted']> {
	const admission = await asked;
	if (admission.effect === 'block') throw new Error(admission.denial.code);
	return admission.admitted;
}

describe('bypass matrix', () => {
	test('LLM hallucinates delete_pii_archive: the LLM Gateway rejects the emission', async () => {
		const { model, ports } = await governed(policy);

		for (const [wire_name, args, code, step] of [
			['delete_pii_archive', {}, 'tool_unknown', 'discover_tools'],
			['collibra__delete_pii_archive', {}, 'tool_unknown', 'discover_tools'],
			['collibra__delete_asset', { schema: 'pii_archive', asset_id: 'a1' }, 'schema_denied', 'schema_acl'],
		] as const) {
			// Each in an answer of its own: one that was blocked stays blocked, whatever comes after.
			const { guard, settle } = await admittedOf(model('Which archives are there?'));
			const judged = await guard.emission({ wire_name, arguments_text: JSON.stringify(args) });
			expect(judged).toMatchObject({ effect: 'block', denial: { code, step } });
			await settle({ how: 'blocked', status: 200, released_bytes: 0 });
			expect(ports.audit.events.at(-1)).toMatchObject({ type: 'call.settled', decision: 'block', code, step });
		}
		const honest = await model('Which schemas are there?');
		expect(
			honest.effect === 'allow' &&
				(await honest.admitted.guard.emission({ wire_name: 'collibra__list_schemas', arguments_text: '{}' })),
		).toMatchObject({ effect: 'release' });
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

		for (const [arguments_text, code] of [
			['', 'schema_denied'],
			['{', 'emission_malformed'],
			['[]', 'emission_malformed'],
			['{"schema":"customers","schema":"pii_archive"}', 'emission_malformed'],
		] as const) {
			const { guard } = await admittedOf(model('Which archives are there?'));
			expect(
				await guard.emission({ wire_name: 'collibra__delete_asset', arguments_text }),
				arguments_text,
			).toMatchObject({
				effect: 'block',
				denial: { code },
			});
		}
	});
});
