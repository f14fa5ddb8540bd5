import { describe, expect, it } from 'vitest';
import { coreBuiltins } from './registry.ts';

describe('coreBuiltins', () => {
	it('has no builtin of OPA that is not offered here', () => {
		const refused = [
			'http.send',
			'opa.runtime',
			'net.lookup_ip_addr',
			'strings.render_template',
			'graphql.parse',
			'io.jwt.decode',
		];
		expect(refused.filter((name) => coreBuiltins.has(name))).toEqual([]);
	});

	it('lists each name once, under that name', () => {
		for (const [name, builtin] of coreBuiltins) expect(builtin.name).toBe(name);
		expect(coreBuiltins.size).toBeGreaterThan(140);
	});

	it('names every parameter of what is not deprecated or internal', () => {
		const unnamed = [...coreBuiltins.values()].filter(
			({ name, deprecated, infix, decl }) =>
				!deprecated &&
				!name.startsWith('internal.') &&
				infix === undefined &&
				decl.args.some((arg) => arg.name === undefined),
		);
		expect(unnamed.map(({ name }) => name)).toEqual([]);
	});
});
