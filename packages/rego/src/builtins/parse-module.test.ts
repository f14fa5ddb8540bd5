import { expect, test } from 'vitest';
import { compile } from '../program.ts';

function parsed(source: string, strict = false): unknown {
	const program = compile({ 'p.rego': 'package p\n\na := rego.parse_module("m.rego", input)' });
	return program.evaluate('data.p.a', { input: source, strict }).result;
}

test('refuses what does not parse', () => {
	expect(parsed('package')).toBeUndefined();
	expect(() => parsed('package', true)).toThrow('eval_builtin_error: rego.parse_module: m.rego:1: rego_parse_error');
});

test('gives a module as the tree that OPA gives', () => {
	expect(parsed('package a.b\n\nimport data.c as d\n\np := x if { x = 1; not d.y[x] with input.z as "w" }\n')).toEqual({
		package: {
			path: [
				{ type: 'var', value: 'data' },
				{ type: 'string', value: 'a' },
				{ type: 'string', value: 'b' },
			],
		},
		imports: [
			{
				alias: 'd',
				path: {
					type: 'ref',
					value: [
						{ type: 'var', value: 'data' },
						{ type: 'string', value: 'c' },
					],
				},
			},
		],
		rules: [
			{
				head: { name: 'p', assign: true, ref: [{ type: 'var', value: 'p' }], value: { type: 'var', value: 'x' } },
				body: [
					{
						index: 0,
						terms: [
							{ type: 'ref', value: [{ type: 'var', value: 'eq' }] },
							{ type: 'var', value: 'x' },
							{ type: 'number', value: 1 },
						],
					},
					{
						index: 1,
						negated: true,
						terms: {
							type: 'ref',
							value: [
								{ type: 'var', value: 'd' },
								{ type: 'string', value: 'y' },
								{ type: 'var', value: 'x' },
							],
						},
						with: [
							{
								target: {
									type: 'ref',
									value: [
										{ type: 'var', value: 'input' },
										{ type: 'string', value: 'z' },
									],
								},
								value: { type: 'string', value: 'w' },
							},
						],
					},
				],
			},
		],
	});
});
