import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
	coversDomain,
	type DomainPattern,
	domainText,
	intersectDomains,
	matchDomain,
	normalizeHost,
	parseDomainPattern,
} from './domain.ts';
import { coversPath, intersectPaths, type PathPattern, parsePathPattern, pathText, resolveHome } from './path.ts';
import {
	coversTool,
	intersectTools,
	isToolName,
	matchTool,
	parseToolPattern,
	type ToolPattern,
	toolText,
} from './tool.ts';
import { fromWireName, toWireName } from './tool-names.ts';

type Yes = [string, string, boolean];
interface Cases {
	domain: {
		match: Yes[];
		refused_in_allow: string[];
		accepted_in_deny: string[];
		covers: Yes[];
		intersect: [string, string, string | null][];
	};
	path: { covers: Yes[]; refused: string[] };
	tool: { match: Yes[]; refused: string[]; covers: Yes[]; intersect: [string, string, string[]][] };
}
const cases: Cases = JSON.parse(readFileSync(new URL('./testdata/cases.json', import.meta.url), 'utf8'));

function domain(text: string): DomainPattern {
	return parseDomainPattern(text, 'deny').pattern!;
}
function path(text: string): PathPattern {
	return parsePathPattern(text).pattern!;
}
function tool(text: string): ToolPattern {
	return parseToolPattern(text).pattern!;
}

describe('domains', () => {
	test.each(cases.domain.refused_in_allow.map((text) => [text]))('an allow-list refuses %j', (text) => {
		expect(parseDomainPattern(text, 'allow').problem).toBeTypeOf('string');
	});
	test.each(cases.domain.accepted_in_deny.map((text) => [text]))('a deny-list may name %j', (text) => {
		expect(parseDomainPattern(text, 'deny').problem).toBe(undefined);
	});
	test.each(cases.domain.match)('%s on %s is %s', (pattern, host, want) => {
		expect(matchDomain(domain(pattern), host)).toBe(want);
	});
	test.each(cases.domain.covers)('%s covers %s is %s', (outer, inner, want) => {
		expect(coversDomain(domain(outer), domain(inner))).toBe(want);
	});
	test.each(cases.domain.intersect)('%s meets %s in %s', (a, b, want) => {
		const met = intersectDomains(domain(a), domain(b));
		expect(met === undefined ? null : domainText(met)).toBe(want);
		expect(intersectDomains(domain(b), domain(a))).toEqual(met);
	});
	test('brings hosts to one form or to none', () => {
		expect(normalizeHost('EXAMPLE.com.')).toBe('example.com');
		expect(normalizeHost('::1')).toBe('::1');
		expect(normalizeHost('[::FFFF]')).toBe('::ffff');
		expect(normalizeHost('0x7f.1')).toBe('127.0.0.1');
		expect(normalizeHost('１２７.0.0.1')).toBe('127.0.0.1');
		for (const bad of [
			'',
			'a:80',
			'a/b',
			'a@b',
			'..',
			'a..b',
			`${'a'.repeat(64)}.com`,
			`${'a.'.repeat(127)}com`,
			'a\u0000b',
			'[::1',
			'::1]:80',
			'[::1]:80',
			'[::1]:8080',
			'a'.repeat(2_000),
		]) {
			expect(normalizeHost(bad), bad).toBe(undefined);
		}
	});
	test('the intersection names exactly what both name', () => {
		const label = fc.constantFrom('a', 'b', 'com');
		const host = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));
		const pattern = fc
			.tuple(fc.boolean(), host)
			.map(([below, name]): DomainPattern => ({ kind: below ? 'below' : 'exact', name }));
		fc.assert(
			fc.property(pattern, pattern, host, (a, b, name) => {
				const met = intersectDomains(a, b);
				expect(met !== undefined && matchDomain(met, name)).toBe(matchDomain(a, name) && matchDomain(b, name));
				if (coversDomain(a, b) && matchDomain(b, name)) expect(matchDomain(a, name)).toBe(true);
			}),
			{ numRuns: 2_000 },
		);
	});
});

describe('paths', () => {
	test.each(cases.path.refused.map((text) => [text]))('refuses %j', (text) => {
		expect(parsePathPattern(text).problem).toBeTypeOf('string');
	});
	test.each(cases.path.covers)('%s covers %s is %s', (outer, inner, want) => {
		expect(coversPath(path(outer), path(inner))).toBe(want);
	});
	test('meets in the longer one, or not at all', () => {
		expect(intersectPaths(path('/a'), path('/a/b'))).toEqual(path('/a/b'));
		expect(intersectPaths(path('/a/b'), path('/a'))).toEqual(path('/a/b'));
		expect(intersectPaths(path('/a'), path('/b'))).toBe(undefined);
	});
	test('prints what it read, and puts the home in its place', () => {
		for (const text of ['/', '~', '~/.ssh', '/usr/lib']) expect(pathText(path(text))).toBe(text);
		expect(pathText(resolveHome(path('~/.ssh'), path('/home/agent')))).toBe('/home/agent/.ssh');
		expect(pathText(resolveHome(path('/etc'), path('/home/agent')))).toBe('/etc');
	});
});

describe('tools', () => {
	test.each(cases.tool.refused.map((text) => [text]))('refuses %j', (text) => {
		expect(parseToolPattern(text).problem).toBeTypeOf('string');
	});
	test.each(cases.tool.match)('%s on %s is %s', (pattern, name, want) => {
		expect(matchTool(tool(pattern), name)).toBe(want);
	});
	test.each(cases.tool.covers)('%s covers %s is %s', (outer, inner, want) => {
		expect(coversTool(tool(outer), tool(inner))).toBe(want);
	});
	test.each(cases.tool.intersect)('%s meets %s', (a, b, want) => {
		expect(intersectTools(tool(a), tool(b))!.map(toolText).sort()).toEqual([...want].sort());
	});
	test('refuses an intersection that would need too many patterns', () => {
		expect(intersectTools(tool('*a*b*c*d*e*'), tool('*f*g*h*i*j*'))).toBe(undefined);
	});
	test('matches a hostile pattern in time linear in its length', () => {
		// Processor time: it does not depend on what else the machine does.
		const started = process.cpuUsage();
		expect(matchTool(tool('*a'.repeat(100)), `${'a'.repeat(250)}b`)).toBe(false);
		expect(process.cpuUsage(started).user).toBeLessThan(1_000_000);
	});

	const token = fc.constantFrom('a', 'b', '_', '.', '*', '**');
	const pattern = fc
		.array(token, { minLength: 1, maxLength: 6 })
		.map((tokens) => parseToolPattern(tokens.join('')).pattern)
		.filter((found) => found !== undefined);
	const name = fc
		.array(fc.constantFrom('a', 'b', '_', '.'), { minLength: 1, maxLength: 7 })
		.map((letters) => letters.join(''))
		.filter(isToolName);
	test('the intersection names exactly what both name', () => {
		fc.assert(
			fc.property(pattern, pattern, name, (a, b, text) => {
				const met = intersectTools(a, b);
				fc.pre(met !== undefined);
				expect(met.some((one) => matchTool(one, text))).toBe(matchTool(a, text) && matchTool(b, text));
			}),
			{ numRuns: 5_000 },
		);
	});
	test('what a pattern covers, it matches', () => {
		fc.assert(
			fc.property(pattern, pattern, name, (a, b, text) => {
				if (coversTool(a, b) && matchTool(b, text)) expect(matchTool(a, text)).toBe(true);
			}),
			{ numRuns: 5_000 },
		);
	});
	test('agrees with the obvious regular expression', () => {
		fc.assert(
			fc.property(pattern, name, (one, text) => {
				const source = one.tokens
					.map((part) => (part === '**' ? '.*' : part === '*' ? '[^.]*' : part === '.' ? '\\.' : part))
					.join('');
				expect(matchTool(one, text)).toBe(new RegExp(`^${source}$`).test(text));
			}),
			{ numRuns: 5_000 },
		);
	});
});

describe('tool names on wires', () => {
	test('go there and back', () => {
		const segment = fc.string({ unit: fc.constantFrom('a', 'Z', '_', '-', '9', 'h'), minLength: 1, maxLength: 30 });
		fc.assert(
			fc.property(fc.array(segment, { minLength: 1, maxLength: 4 }), (segments) => {
				const name = segments.join('.');
				const wire = toWireName(name);
				expect(wire).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
				expect(fromWireName(wire, ['other.tool', name])).toBe(name);
			}),
			{ numRuns: 3_000 },
		);
	});
	test('different tools never share one', () => {
		const names = [
			'a.b',
			'a__b',
			'a._b',
			'a_.b',
			'a_b',
			`a.${'b'.repeat(80)}`,
			`a.${'b'.repeat(81)}`,
			'a.h0123456789abcdef0123',
			'a__h0123456789abcdef0123',
		];
		expect(new Set(names.map(toWireName)).size).toBe(names.length);
	});
	test('a hashed form that nobody offered stands for nothing', () => {
		expect(fromWireName(toWireName('a__b'), ['a.b'])).toBe(undefined);
		for (const none of ['', '*', 'a b', 'a/b', 'a__*', 'a'.repeat(300)])
			expect(fromWireName(none), none).toBe(undefined);
	});
});
