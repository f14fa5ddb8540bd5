import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compilePolicy } from '../compile-policy.ts';
import { file, smallFiles, smallLibrary } from '../small-library.test.data.ts';
import { loadLibrary } from './library.ts';
import { isAuthored, readDocument } from './read-document.ts';

const texts = smallFiles
	.filter(({ file: name }) => name.endsWith('.yaml'))
	.map(({ bytes }) => new TextDecoder().decode(bytes));
const scrap = fc.oneof(
	fc.string(),
	fc.constantFrom(
		'&a ',
		'*a',
		'<<: ',
		'!!x ',
		'---\n',
		'\t',
		'\u0000',
		'\ufeff',
		'? ',
		'- ',
		'{',
		']',
		'"',
		'|\n',
		'%YAML 1.1\n',
		'0x10',
		'~',
		'\u2028',
		'🙂',
	),
);
const mutated = fc
	.tuple(fc.constantFrom(...texts), fc.array(fc.tuple(fc.nat(400), fc.nat(20), scrap), { minLength: 1, maxLength: 3 }))
	.map(([text, cuts]) =>
		cuts.reduce((sofar, [at, length, more]) => sofar.slice(0, at) + more + sofar.slice(at + length), text),
	);

describe('hostile input', () => {
	it('ends in a document or in diagnostics with places, never in an exception', () => {
		fc.assert(
			fc.property(fc.oneof(mutated, fc.string({ unit: 'binary' })), (text) => {
				const read = readDocument(file('x.yaml', text));

				if (isAuthored(read)) return;
				expect(read.diagnostics.length).toBeGreaterThan(0);
				for (const { row, col, message } of read.diagnostics) {
					expect(row).toBeGreaterThan(0);
					expect(col).toBeGreaterThan(0);
					expect(message).not.toBe('');
				}
			}),
			{ numRuns: 400 },
		);
	});
	it('ends in diagnostics also when it is random bytes', () => {
		fc.assert(
			fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
				expect(() => loadLibrary([{ file: 'x.yaml', bytes }])).not.toThrow();
				expect(() => compilePolicy({ library: smallLibrary, org: [{ file: 'x.rego', bytes }] })).not.toThrow();
			}),
			{ numRuns: 200 },
		);
	});
	it('cannot name a tool, server or schema that JavaScript treats specially', () => {
		const rules = (line: string) => ({
			library: smallLibrary,
			org: [file('x.rego', `package tappass.policy\n\n${line}\n`)],
		});

		expect(compilePolicy(rules('tools.schemas_acl["__proto__"].x := "rw"'))).toHaveProperty('diagnostics');
		expect(compilePolicy(rules('tools.schemas_acl.constructor.x := "rw"'))).toHaveProperty('diagnostics');
		expect(compilePolicy(rules('pipeline.steps["toString"] := {}'))).toHaveProperty('diagnostics');
	});
	it('ends a policy that runs without end', () => {
		const endless =
			'tools.deny contains sprintf("x%d", [n]) if {\n\tsome a, b, c, d in numbers.range(1, 3000)\n\tsome n in numbers.range(1, 100000)\n\tn < 0\n}';

		const result = compilePolicy({
			library: smallLibrary,
			org: [
				file(
					'x.rego',
					`package tappass.policy\n\n${endless.replace('some a, b, c, d in numbers.range(1, 3000)', 'some a in numbers.range(1, 3000)\n\ta > 0')}\n`,
				),
			],
		});

		expect(result).toMatchObject({ diagnostics: [{ code: 'rego_limit_error' }] });
	});
});
