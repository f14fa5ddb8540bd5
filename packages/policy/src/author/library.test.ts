import { describe, expect, it } from 'vitest';
import { file, smallFiles } from '../small-library.test.data.ts';
import { loadLibrary } from './library.ts';

function faults(...more: readonly [string, string][]): readonly string[] {
	const { diagnostics } = loadLibrary([...smallFiles, ...more.map(([name, text]) => file(name, text))]);
	return diagnostics.map(
		(each) => `${each.file}:${each.row}:${each.col} ${each.message}${each.hint === undefined ? '' : ` | ${each.hint}`}`,
	);
}

describe('the library', () => {
	it('reports every name that leads nowhere, with the nearest one', () => {
		const found = faults(
			['categories/b.yaml', 'schema: tappass.category/1\nid: b\ntitle: B\nconcerns: [data_leek]\n'],
			[
				'functions/c.yaml',
				'schema: tappass.function/1\nid: c\ntitle: C\ncategories: [customer_pi]\nconcerns: []\nforbidden_capabilities: [code_exec]\ntools: { allow: [mail.sent] }\n',
			],
			[
				'concerns/d.yaml',
				'schema: tappass.concern/1\nid: d\ntitle: D\nconstraints: [{ id: a, target: { capability: refund }, subject: { slot: ammount_param }, test: { op: max, value: 1 } }]\n',
			],
		);

		expect(found).toEqual(
			expect.arrayContaining([
				'categories/b.yaml:4:12 there is no concern data_leek | did you mean data_leak?',
				'functions/c.yaml:4:14 there is no category customer_pi | did you mean customer_pii?',
				'functions/c.yaml:6:26 there is no capability code_exec | expected one of: code_execution, external_messaging, internal_messaging, refund',
				'functions/c.yaml:7:18 no tool of the catalog is named by mail.sent | did you mean mail.send?',
				'concerns/d.yaml:4:73 no tool and no capability has a slot ammount_param | did you mean amount_param?',
			]),
		);
		expect(found).toHaveLength(5);
	});
	it('refuses an id and a tool that are defined twice, naming both places', () => {
		const found = faults([
			'more/customer_pii.yaml',
			'schema: tappass.category/1\nid: customer_pii\ntitle: B\nconcerns: []\n',
		]);

		expect(found).toEqual([
			'more/customer_pii.yaml:2:5 customer_pii is already defined at categories/customer_pii.yaml:2:5 | give one of them another id',
		]);
	});
	it('refuses patterns that are no RE2, in constraints and in what asks for approval', () => {
		const rule = 'target: { tools: [pay.refund] }';
		const test = 'subject: { parameter: note }, test: { op: not_matches, value: "(?=x)" }';

		expect(
			faults([
				'concerns/f.yaml',
				`schema: tappass.concern/1\nid: f\ntitle: F\nconstraints: [{ id: a, ${rule}, ${test} }]\napprovals: [{ id: b, ${rule}, when: { ${test} } }]\n`,
			]),
		).toEqual([
			'concerns/f.yaml:4:119 "(?=x)" is not a valid RE2 pattern | look-around and back-references are not RE2',
			'concerns/f.yaml:5:125 "(?=x)" is not a valid RE2 pattern | look-around and back-references are not RE2',
		]);
	});
	it('refuses a Rego file of a concern that is not there', () => {
		expect(
			faults(['concerns/e.yaml', 'schema: tappass.concern/1\nid: e\ntitle: E\nrego: [rego/none.rego]\n'])[0],
		).toContain('there is no file concerns/rego/none.rego');
	});
	it('has nothing against the small library', () => {
		expect(faults()).toEqual([]);
	});
});
