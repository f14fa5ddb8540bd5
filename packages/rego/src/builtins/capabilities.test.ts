import * as nodeCrypto from 'node:crypto';
import { expect, test } from 'vitest';
import { cryptoBuiltins } from '../crypto/index.ts';
import { check } from '../program.ts';
import { capabilities } from './capabilities.ts';

test('what is not listed is refused at compile time', () => {
	const names = new Set(capabilities(cryptoBuiltins(nodeCrypto)).builtins.map(({ name }) => name));
	const refused = ['http.send', 'opa.runtime', 'graphql.parse', 'crypto.x509.parse_certificates'];

	expect(refused.filter((name) => names.has(name))).toEqual([]);
	for (const name of refused) {
		expect(check({ 'p.rego': `package p\n\na := ${name}(input)` })[0]?.hint).toContain(`${name} is not offered`);
	}
});

test('lists builtins by name, as OPA does', () => {
	const { builtins } = capabilities();
	const names = builtins.map(({ name }) => name);
	const find = (name: string) => builtins.find((builtin) => builtin.name === name);

	expect(names).toEqual([...names].sort());
	expect(find('plus')).toMatchObject({
		infix: '+',
		decl: { type: 'function', args: [{ type: 'number' }, { type: 'number' }], result: { type: 'number' } },
	});
	expect(find('walk')).toMatchObject({ relation: true });
	expect(find('time.now_ns')).toMatchObject({ nondeterministic: true });
	expect(JSON.parse(JSON.stringify(builtins))).toEqual(builtins);
});

test('lists the builtins of the crypto entry when they are handed in', () => {
	const without = capabilities().builtins.length;
	const all = capabilities(cryptoBuiltins(nodeCrypto)).builtins;

	expect(all.length).toBeGreaterThan(without);
	expect(all.map(({ name }) => name)).toContain('io.jwt.decode_verify');
});

test('the listed keywords and features work', () => {
	const { future_keywords, features } = capabilities();
	const source = 'package p\n\nimport future.keywords.not\n\na["if"] := $"{input.x}" if not { input.y }';

	expect(future_keywords).toEqual(['not']);
	expect(features).toEqual(['keywords_in_refs', 'rego_v1', 'template_strings']);
	expect(check({ 'p.rego': source })).toEqual([]);
});
