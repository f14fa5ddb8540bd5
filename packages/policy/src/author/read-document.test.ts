import { describe, expect, it } from 'vitest';
import { policyLimits } from '../limits.ts';
import { file } from '../small-library.test.data.ts';
import { isAuthored, readDocument } from './read-document.ts';

function faults(text: string | Uint8Array, name = 'concerns/x.yaml'): readonly string[] {
	const read = readDocument(typeof text === 'string' ? file(name, text) : { file: name, bytes: text });
	if (isAuthored(read)) return [];
	return read.diagnostics.map(
		({ row, col, message, hint }) => `${row}:${col} ${message}${hint === undefined ? '' : ` | ${hint}`}`,
	);
}

const concern = 'schema: tappass.concern/1\nid: x\ntitle: X\n';

describe('reading an authored file', () => {
	it('refuses an anchor and an alias, so that no small file grows into a large one', () => {
		const found = faults(`${concern}compliance_tags: &a ["GDPR:Art.32"]\nnetwork: { deny_categories: *a }\n`);

		expect(found.join('\n')).toContain('4:21 an anchor (&) is not allowed');
		expect(found.join('\n')).toContain('5:29 an alias (*) is not allowed');
	});
	it('refuses a bomb of aliases without expanding it', () => {
		const bomb = [
			'a: &a [x,x,x,x,x,x,x,x,x]',
			...'bcdefghij'.split('').map((key, i) => `${key}: &${key} [${`*${'abcdefghi'[i]},`.repeat(9)}]`),
		].join('\n');

		expect(faults(bomb).length).toBeGreaterThan(10);
	});
	it('refuses a duplicate key at the second one', () => {
		expect(faults(`${concern}title: Y\n`)).toEqual(['4:1 Map keys must be unique']);
	});
	it('refuses a merge key, a custom tag and a key that is no text', () => {
		expect(faults(`${concern}steps:\n  <<: {}\n`)[0]).toContain('a merge key (<<) is not allowed');
		expect(faults(`${concern}description: !!js/function x\n`)[0]).toMatch(/4:14 .*tag/i);
		expect(faults(`${concern}1: x\n`)[0]).toContain('4:1 a key must be text');
		expect(faults(`${concern}__proto__: { a: b }\n`)[0]).toContain('4:1 __proto__ is not allowed as a key');
	});
	it('refuses a second document', () => {
		expect(faults(`${concern}---\n${concern}`)[0]).toContain('a second document starts here');
	});
	it('refuses a file over one megabyte, a NUL and bytes that are no UTF-8, each with its place', () => {
		expect(faults(new Uint8Array(policyLimits.fileBytesMax + 1).fill(32))[0]).toContain('1048577 bytes');
		expect(faults('schema: x\nid: \u0000')[0]).toContain('2:5 the file holds a NUL byte');
		expect(faults(new Uint8Array([0x69, 0x0a, 0xff]))[0]).toContain('2:1 the file is not UTF-8');
	});
	it('refuses nesting deeper than any document needs, in flow and in block form', () => {
		expect(faults('['.repeat(100_000))[0]).toContain('nested more than');
		expect(faults('- '.repeat(50_000))[0]).toMatch(/nested/);
	});
	it('refuses an empty file and one without a kind, naming the kinds', () => {
		expect(faults('# nothing\n')[0]).toContain('the file is empty');
		expect(faults('id: x\n')[0]).toContain('schema is missing | expected one of: tappass.function/1');
		expect(faults('schema: tappass.concrn/1\n')[0]).toContain('did you mean tappass.concern/1?');
	});
	it('reports everything that is wrong, with place, expectation and nearest name', () => {
		const found = faults(
			`${concern}steps:\n  detct_secrets: {}\n  detect_pii: { action: blok, parameters: { confidence_percent: 200 } }\n  sign_audit: { enabled: false }\ncompliance_tags: [nonsense]\nbudget: { tokens_per_day: "many" }\n`,
		);

		expect(found).toEqual(
			[
				'7:26 this step is part of every call and cannot be switched off',
				'5:3 detct_secrets is not known in steps | did you mean detect_secrets?',
				'6:25 expected one of log, notify, block, found "blok" | did you mean block?',
				'6:65 expected at most 100, found 200',
				'8:19 expected framework:control, like SOC2:CC6.1, found "nonsense"',
				'9:27 expected a number, found "many"',
			].sort((a, b) => found.indexOf(a) - found.indexOf(b)),
		);
	});
	it('counts columns in code points', () => {
		expect(faults(`${concern}"🙂🙂": 1\ndescription: { "🙂": 1 }\n`)[0]).toContain('5:14');
	});
	it('explains a test of a constraint by the branch that was meant', () => {
		const found = faults(
			`${concern}constraints:\n  - { id: a, target: { capabilty: x }, subject: { slot: amount_param }, test: { op: maximum, value: 1 } }\n`,
		);

		expect(found.join('\n')).toContain('did you mean capability?');
		expect(found.join('\n')).toContain('found "maximum"');
	});
	it('refuses an id that is not the name of the file', () => {
		expect(faults(concern, 'concerns/y.yaml')[0]).toContain('2:5 the id is x, the file is named y.yaml');
	});
	it('reads a good document, and tools.yaml without its schema line', () => {
		expect(faults(concern)).toEqual([]);
		expect(
			faults('tools:\n  acme_mail: { capabilities: [-a, +b], extends: slack.send_message }\n', 'tools.yaml'),
		).toEqual([]);
	});
});
