import type { SourceFile } from './author/input.ts';
import { type Library, loadLibrary } from './author/library.ts';
import { type CompileResult, compilePolicy } from './compile-policy.ts';
import { type CompileRequest, isRefused } from './request.ts';

const encoder = new TextEncoder();

/** A file from text. */
export function file(name: string, text: string): SourceFile {
	return { file: name, bytes: encoder.encode(text) };
}

/** A Rego file of `tappass.policy` from its rules. */
export function policy(name: string, rules: string): SourceFile {
	return file(name, `package tappass.policy\n\n${rules}\n`);
}

/** A few documents of each kind: enough to show every rule of the resolver. */
export const smallFiles: readonly SourceFile[] = [
	...['external_messaging', 'internal_messaging', 'code_execution', 'refund'].map((id) =>
		file(
			`capabilities/${id}.yaml`,
			`schema: tappass.capability/1\nid: ${id}\ntitle: ${id}\nrisk: high\nslots: [destination_param, amount_param]\n`,
		),
	),
	file(
		'catalog/acme.yaml',
		`schema: tappass.catalog/1
product: { id: acme, title: Acme, vendor: Acme, kind: mcp, docs: "https://acme.example/docs", checked: 2026-11-21 }
tools:
  mail.send: { title: Send, effect: write, capabilities: [external_messaging], slots: { destination_param: to } }
  chat.post: { title: Post, effect: write, capabilities: [external_messaging], slots: { destination_param: message.channel } }
  fax.send: { title: Fax, effect: write, capabilities: [external_messaging] }
  pay.refund: { title: Refund, effect: write, capabilities: [refund], slots: { amount_param: amount } }
  shell.run: { title: Run, effect: write, capabilities: [code_execution] }
  wiki.get_page: { title: Get, effect: read, capabilities: [] }
  wiki.delete_page: { title: Delete, effect: delete, capabilities: [] }
`,
	),
	file(
		'categories/customer_pii.yaml',
		'schema: tappass.category/1\nid: customer_pii\ntitle: PII\nconcerns: [data_leak]\n',
	),
	file(
		'concerns/data_leak.yaml',
		`schema: tappass.concern/1
id: data_leak
title: Data leak
steps:
  detect_pii: { action: block, parameters: { mode: reversible, confidence_percent: 60 } }
constraints:
  - id: no_third_country
    target: { capability: external_messaging }
    subject: { slot: destination_param }
    test: { op: domain_not_in, values: ["*.cn"] }
    message: not to third countries
compliance_tags: ["GDPR:Art.32"]
network: { deny_categories: [paste_sites] }
`,
	),
	file(
		'domain-categories/paste_sites.yaml',
		'schema: tappass.domain-category/1\nid: paste_sites\ntitle: Paste\ndomains: [paste.example]\n',
	),
	file(
		'functions/refund_processor.yaml',
		`schema: tappass.function/1
id: refund_processor
title: Refunds
categories: [customer_pii]
concerns: []
tools: { allow: ["mail.*", "pay.*", "shell.*", "wiki.get_*"] }
forbidden_capabilities: [code_execution]
defaults: { budget: { tokens_per_day: 1000 } }
`,
	),
	file('packs/strict/pack.yaml', packText('strict', 'forbidden_capabilities: [refund]')),
	file('packs/mild/pack.yaml', packText('mild', 'aliases: [soft]')),
	file(
		'packs/mild/rules/office.rego',
		'package tappass.decision\n\ndeny contains "too many calls" if input.session.tool_calls > 5\n',
	),
];

function packText(id: string, more: string): string {
	return `schema: tappass.pack/1
id: ${id}
version: 1.0.0
title: ${id}
regulation: { name: Test, edition: "1", source: "https://acme.example/law" }
bundles: { concerns: [data_leak], steps: { detect_secrets: { action: ${id === 'strict' ? 'block' : 'notify'} } } }
clauses: [{ clause: "1", title: One, rules: ["step:detect_secrets"], evidence: [audit], covered: full }]
not_covered: []
${more}
`;
}

/** The library of those documents. */
export const smallLibrary: Library = loadLibrary(smallFiles).library;

/** Compiles, and fails the test when it is refused. */
export function compiled(request: Omit<CompileRequest, 'library'> & { readonly library?: Library }): CompileResult {
	const result = compilePolicy({ library: smallLibrary, ...request });
	if (isRefused(result)) throw new Error(JSON.stringify(result.diagnostics, null, 1));
	return result;
}

/** The messages of a refusal, each with its place; empty when it compiles. */
export function refusals(request: Omit<CompileRequest, 'library'>): readonly string[] {
	const result = compilePolicy({ library: smallLibrary, ...request });
	if (!isRefused(result)) return [];
	return result.diagnostics
		.filter(({ severity }) => severity !== 'warning')
		.map(
			({ file: name, row, col, code, message, hint }) =>
				`${name}:${row}:${col} ${code} ${message}${hint === undefined ? '' : ` (${hint})`}`,
		);
}
