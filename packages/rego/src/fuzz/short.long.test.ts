/** A few seconds of fuzzing in every test run; `rego.fuzz.test.ts` goes on for longer. */
import { describe, expect, test } from 'vitest';
import { compile } from '../program.ts';
import { attempt } from './attempt.test.support.ts';
import {
	hugeSources,
	inlineSeeds,
	mutated,
	randomBytesText,
	randomOf,
	randomWords,
	seedSources,
} from './sources.test.support.ts';

describe('sources of any kind end in diagnostics or run', () => {
	test('the seeds themselves run', () => {
		expect(inlineSeeds.map(attempt)).toEqual(inlineSeeds.map(() => 'ran'));
	});

	test('random bytes and random words', () => {
		for (let seed = 0; seed < 150; seed++) {
			const random = randomOf(seed);
			attempt(randomBytesText(random, random(400)));
			attempt(randomWords(random, random(60)));
		}
	});

	test('mutated policies, some of which still run', () => {
		const seeds = seedSources();
		let ran = 0;
		for (let seed = 0; seed < 400; seed++) {
			const random = randomOf(10_000 + seed);
			if (attempt(mutated(seeds[random(seeds.length)]!, random)) === 'ran') ran++;
		}
		expect(ran).toBeGreaterThan(20);
	}, 60_000);

	test.each(Object.entries(hugeSources(20_000)))(
		'much of the same: %s',
		(_, source) => {
			attempt(source);
		},
		60_000,
	);
});

describe('evaluations end', () => {
	const limited = (source: string, input: unknown = {}) => {
		const program = compile({ 'p.rego': `package p\n\n${source}` });
		return () => program.evaluate('data.p', { input: input as never, limits: { stepsMax: 1_000_000 } });
	};

	test.each([
		[
			'loops in loops',
			'a if {\n\tr := numbers.range(1, 10000)\n\tsome x in r\n\tsome y in r\n\tr[_] + r[_] + r[_] < 0\n}',
		],
		[
			'comprehensions in comprehensions',
			'a := [[[z | some z in r] | some y in r] | some x in r] if r\nr := numbers.range(1, 1000)',
		],
		['every in every', 'a if {\n\tr := numbers.range(1, 100000)\n\tevery x in r { every y in r { x + y > 0 } }\n}'],
		[
			'functions that call each other on and on',
			`${Array.from({ length: 30 }, (_, i) => `f${i}(x) := [f${i + 1}(x + 1), f${i + 1}(x + 2)]`).join('\n')}\nf30(x) := x\na := f0(1)`,
		],
		[
			'walks of walks',
			'a if {\n\twalk(input, [_, x])\n\twalk(input, [_, y])\n\twalk(input, [_, z])\n\tx == [y, z]\n}',
			{ a: Array.from({ length: 500 }, (_, i) => [i]) },
		],
		['ranges without end', 'a := numbers.range(1, 5000000)'],
		[
			'products of sets',
			'a := {[x, y, z, w] | some x in s; some y in s; some z in s; some w in s}\ns := {i | some i in numbers.range(1, 200)}',
		],
	])(
		'%s stop at their limit',
		(_, source, input?: unknown) => {
			expect(limited(source, input)).toThrow('rego_limit_error');
		},
		60_000,
	);

	test('catastrophic patterns take time linear in the text', () => {
		const patterns = ['^(a+)+$', '^(a|a)*$', '^(a|aa)+$', '(.*)*b', '^([a-zA-Z]+)*$', '(x+x+)+y', '^(\\w+\\s?)*$'];
		const program = compile({
			'p.rego': 'package p\n\na := [m | some p in input.patterns; m := regex.match(p, input.text)]',
		});
		const texts = [`${'a'.repeat(50_000)}!`, `${'x'.repeat(50_000)}`];
		for (const text of texts) {
			// Processor time: it does not depend on what else the machine does.
			const start = process.cpuUsage();
			expect(program.evaluate('data.p.a', { input: { patterns, text } }).value).toHaveLength(patterns.length);
			expect(process.cpuUsage(start).user).toBeLessThan(10_000_000);
		}
	}, 60_000);
});
