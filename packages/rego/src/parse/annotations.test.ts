import { describe, expect, it } from 'vitest';
import type { Annotation } from '../ast/ast.ts';
import { parseModule } from './index.ts';

const read = (source: string): readonly Annotation[] => parseModule(source, 'x.rego').annotations;
const block = (yaml: string): string => `# METADATA\n${yaml.replace(/^/gm, '# ')}\n`;

describe('annotations', () => {
	it.each([
		[
			'scope: nowhere',
			"invalid annotation scope 'nowhere'. Use one of 'rule', 'document', 'package', or 'subpackages'",
		],
		['scope: package', "annotation scope 'package' must be applied to package (have rule)"],
		['scope: rule\nentrypoint: true', "annotation entrypoint applied to non-document or package scope 'rule'"],
		['title: [1]', 'yaml: title: cannot read a list as a string'],
		['entrypoint: "yes"', 'yaml: entrypoint: cannot read a string as a boolean'],
		['organizations: a', 'yaml: organizations: cannot read a string as a list'],
		['custom: 1', 'yaml: custom: cannot read a number as a map'],
		['custom: {a: {1: b}}', 'invalid map key type(s): a'],
		['authors: [{}]', "invalid author definition a map: 'name' and/or 'email' values required in object"],
		["authors: ['']", 'invalid author definition : author is an empty string'],
		["related_resources: ['']", 'invalid related-resource definition : ref URL may not be empty string'],
		['related_resources: [{description: a}]', "'ref' value required in object"],
		['schemas: [{"1+": schema}]', 'invalid document reference'],
		['schemas: [{input: other.x}]', 'invalid schema reference'],
		['schemas: [{input: 1}]', 'invalid schema declaration for path "input"'],
		['compile: {unknowns: ["1"]}', 'invalid unknowns element "1"'],
		['compile: {mask_rule: "1"}', 'invalid mask_rule annotation "1"'],
		['a: [', 'yaml: line 2: Flow sequence in block collection'],
		['- a', 'yaml: cannot read a list as annotations'],
		['', 'expected METADATA block, found whitespace'],
		[`custom: ${'['.repeat(5000)}`, 'METADATA block is nested too deeply'],
	])('refuses %j', (yaml, message) => {
		expect(() => read(`package x\n${block(yaml)}p := 1`)).toThrow(message);
	});

	it('points at the line of a mistake in YAML, and hints at a missing blank', () => {
		expect(() => read(`package x\n\n${block('title:x\nb: 1')}p := 1`)).toThrow(
			/x\.rego:4: rego_parse_error: yaml: line 1/,
		);
	});

	it('refuses one that stands above nothing it could describe', () => {
		expect(() => read(`package x\n${block('title: a')}import data.y`)).toThrow("invalid annotation scope 'import'");
		expect(() => read(`package x\np := 1\n${block('title: a')}`)).toThrow("invalid annotation scope ''");
	});

	it('reads all there is to say', () => {
		const yaml = [
			'title: T',
			'description: 12',
			'organizations: [a, b]',
			'related_resources: [https://a, {ref: https://b, description: B}]',
			'authors: [A B <a@b>, {email: c@d}, E]',
			'schemas: [{input: schema.a}, {input.b: {type: string}}]',
			'compile: {unknowns: [input.x], mask_rule: masks}',
			'custom: {a: [1, {b: null}]}',
			'labels: {l: m}',
			'unknown: 1',
		].join('\n');

		expect(read(`package x\n${block(yaml)}p := 1`)[0]).toMatchObject({
			scope: 'rule',
			title: 'T',
			description: '12',
			organizations: ['a', 'b'],
			related_resources: [{ ref: 'https://a' }, { ref: 'https://b', description: 'B' }],
			authors: [{ name: 'A B', email: 'a@b' }, { email: 'c@d' }, { name: 'E' }],
			schemas: [
				{ path: 'input', schema: 'schema.a' },
				{ path: 'input.b', definition: { type: 'string' } },
			],
			compile: { unknowns: ['input.x'], mask_rule: 'masks' },
			custom: { a: [1, { b: null }] },
			labels: { l: 'm' },
		});
	});

	it('takes the scope from what stands below', () => {
		const source = `${block('title: a')}package x\n${block('entrypoint: true')}p := 1\n${block('title: c')}q := 2`;
		const found = read(source);

		expect(found.map(({ scope }) => scope)).toEqual(['package', 'document', 'rule']);
		expect(found.map(({ rule }) => rule?.head.value)).toMatchObject([undefined, { text: '1' }, { text: '2' }]);
	});

	it('ends a block at a gap, and reads no other comments', () => {
		expect(read(`package x\n# METADATA\n# title: a\n\n# b: [\np := 1 # not METADATA`)).toHaveLength(1);
	});

	it('may be left unread', () => {
		expect(parseModule(`${block('scope: no')}package x`, '', { annotations: false }).annotations).toEqual([]);
	});
});
