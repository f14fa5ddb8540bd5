import { type Dirent, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ConstraintTest, matchTool, parseToolPattern, steps } from '@tappass/core';
import { compile } from '@tappass/rego';
import { describe, expect, it } from 'vitest';
import { namedTools } from '../catalog/named-tools.ts';
import { type CompileResult, compilePolicy } from '../compile-policy.ts';
import { type CompileRequest, isRefused } from '../request.ts';
import { baseName, type SourceFile } from './input.ts';
import { type Library, loadLibrary } from './library.ts';

const root = fileURLToPath(new URL('../../../../policies', import.meta.url));
const files = filesBelow(root, 'policies');
const { library, diagnostics } = loadLibrary(files);
const tools = [...library.catalog.tools.values()];

describe('the shipped policies', () => {
	it('load without a diagnostic, so that every reference leads somewhere', () => {
		expect(diagnostics).toEqual([]);
	});

	it('name files by their ids', () => {
		const kinds = [
			library.functions,
			library.categories,
			library.concerns,
			library.capabilities,
			library.products,
			library.domainCategories,
			library.runtimes,
			library.specs,
		];

		for (const kind of kinds)
			for (const [id, { file }] of kind as ReadonlyMap<string, { readonly file: string }>)
				expect(baseName(file)).toBe(`${id}.yaml`);
	});

	it('hold the functions and specs that the documentation names', () => {
		expect([...library.functions.keys()].sort()).toEqual([
			'code_reviewer',
			'collibra_steward',
			'customer_support_emailer',
			'data_engineer_agent',
			'internal_kb_assistant',
			'refund_processor',
		]);
		for (const id of ['collibra-steward', 'customer-support', 'eu-support-emailer'])
			expect(library.specs.has(id)).toBe(true);
		for (const id of library.functions.keys())
			expect([...library.specs.values()].some(({ value }) => value.function === id)).toBe(true);
		expect(library.runtimes.size).toBeGreaterThanOrEqual(3);
	});

	it('use every step that a policy can set', () => {
		const settable = steps.filter(({ runs, parameters }) => runs === 'policy' || Object.keys(parameters).length > 0);
		const used = new Set([...library.concerns.values()].flatMap(({ value }) => Object.keys(value.steps ?? {})));

		expect(settable.map(({ name }) => name).filter((name) => !used.has(name))).toEqual([]);
		expect(used.size).toBeGreaterThanOrEqual(21);
	});

	it('say what every concern, category and capability is for by using it', () => {
		const { categories, concerns, functions } = library;
		const named = new Set(
			[...categories.values(), ...functions.values()].flatMap(({ value }) => value.concerns as readonly string[]),
		);
		const forPacks = new Set([
			'accuracy_and_robustness',
			'data_poisoning',
			'incident_reporting',
			'misinformation',
			'record_keeping',
			'risk_management',
			'system_prompt_leakage',
			'transparency',
		]);

		expect([...concerns.keys()].filter((id) => !named.has(id) && !forPacks.has(id))).toEqual([]);
		expect([...library.capabilities.keys()].filter((id) => !library.catalog.byCapability.has(id))).toEqual([]);
	});

	it('list every class of personal data, or none, where a concern masks it', () => {
		// Lists of classes unite, so a concern that means all of them must say so.
		for (const { value } of library.concerns.values())
			for (const step of ['detect_pii', 'scan_output'] as const) {
				const parameters = value.steps?.[step]?.parameters;
				if (parameters?.mode !== undefined && parameters.mode !== 'flag')
					expect(parameters.classes, `${value.id}.${step}`).toBeDefined();
			}
	});
});

describe('the shipped constraints', () => {
	const constraints = new Map(
		[...library.concerns.values()].flatMap(({ value }) =>
			(value.constraints ?? []).map(({ id, test }): [string, ConstraintTest] => [`${value.id}.${id}`, test]),
		),
	);
	const regex = compile({
		'regex.rego': 'package regex\n\nmatches := regex.match(input.pattern, input.text)\n',
	});
	const matches = (id: string, text: string): boolean => {
		const test = constraints.get(id)!;
		const pattern = test.op === 'matches' || test.op === 'not_matches' ? test.value : '';
		const { result } = regex.evaluate('data.regex.matches', { input: { pattern, text } });
		// Undefined would mean that the pattern is no RE2.
		expect(typeof result, id).toBe('boolean');
		return result === true;
	};

	it('have patterns that RE2 understands', () => {
		const patterns = [...constraints].filter(([, { op }]) => op === 'matches' || op === 'not_matches');

		expect(patterns.length).toBeGreaterThan(8);
		for (const [id] of patterns) matches(id, 'some text');
	});

	it.each([
		['pci_dss.no_card_number_in_messages', 'card 4111 1111 1111 1111 please', 'order 41111 of 3 items'],
		['insecure_output.no_script_in_published_text', '<p onerror=x>', 'a script for the play'],
		[
			'insecure_output.no_tracking_images_in_messages',
			'![x](https://evil.example/?q=1)',
			'see [docs](https://a.example/)',
		],
		['insecure_output.no_tracking_images_in_replies', '<img src="https://evil.example/">', 'the image is attached'],
		['data_poisoning.no_hidden_text_in_documents', 'hi\u200bdden', 'naïve café, 日本語'],
		['query_safety.no_definition_or_grant', 'select 1; DROP table t', 'select dropped_at, created_at from t'],
		['query_safety.no_unbounded_delete', 'delete from t', 'select deleted_at from t'],
		['code_safety.no_change_to_pipelines', '.github/workflows/ci.yml', 'src/workflows/ci.ts'],
	])('%s refuses %j and lets %j pass', (id, refused, passed) => {
		expect(constraints.get(id)?.op).toBe('not_matches');
		expect(matches(id, refused)).toBe(true);
		expect(matches(id, passed)).toBe(false);
	});

	it('let agents fetch from the web and from nowhere else', () => {
		expect(matches('data_leak.fetch_from_the_web_only', 'https://example.com/')).toBe(true);
		for (const address of ['file:///etc/passwd', 'data:text/html,x', 'javascript:x', ' https://example.com'])
			expect(matches('data_leak.fetch_from_the_web_only', address), address).toBe(false);
	});
});

describe('the shipped catalog', () => {
	it('has at least 30 products and 150 tools', () => {
		expect(library.products.size).toBeGreaterThanOrEqual(30);
		expect(tools.length).toBeGreaterThanOrEqual(150);
	});

	it('calls everything that deletes destructive', () => {
		const silent = tools.filter(
			({ facts }) => (facts.effect === 'delete') !== facts.capabilities.includes('destructive'),
		);

		expect(silent.map(({ facts }) => facts.name)).toEqual([]);
	});

	it('never calls a tool that writes, sends, pays or runs code a read', () => {
		const acting = ['code_execution', 'external_messaging', 'payment', 'refund', 'sor_arbitrary_write', 'thread_reply'];
		const wrong = tools.filter(
			({ facts }) => facts.effect === 'read' && facts.capabilities.some((capability) => acting.includes(capability)),
		);

		expect(wrong.map(({ facts }) => facts.name)).toEqual([]);
	});

	it('binds a destination wherever an agent can choose one', () => {
		const unbound = tools.filter(
			({ facts }) => facts.capabilities.includes('external_messaging') && facts.slots.destination_param === undefined,
		);

		// The recipients of a draft are in the draft.
		expect(unbound.map(({ facts }) => facts.name)).toEqual(['gmail.sendDraft']);
	});

	it('binds the schema of every asset tool of the demo', () => {
		const assets = tools.filter(
			({ product, facts }) => product === 'collibra' && facts.name !== 'collibra.list_schemas',
		);

		expect(assets.length).toBeGreaterThan(5);
		for (const { facts } of assets) expect(facts.slots.schema_param, facts.name).toBe('schema');
	});

	it('says of every product once how its names are known', () => {
		const readme = readFileSync(join(root, 'README.md'), 'utf8');
		const [, table = ''] = /\| Known from \| Products \|\n([\s\S]*?)\n\n/.exec(readme) ?? [];
		const named = [...table.matchAll(/`([a-z0-9-]+)`/g)].map(([, id]) => id!);

		expect(named.sort()).toEqual([...library.products.keys()].sort());
	});
	it('gives no native name of a harness to two tools', () => {
		const owners = new Map<string, string>();
		for (const { facts, aliases } of tools)
			for (const [harness, names] of Object.entries(aliases))
				for (const name of names) {
					expect(owners.get(`${harness} ${name}`), `${harness} ${name}`).toBeUndefined();
					owners.set(`${harness} ${name}`, facts.name);
				}
	});
});

describe('the shipped functions', () => {
	it.each([...library.functions.keys()])('%s allows no tool by name that it forbids', (id) => {
		const { value } = library.functions.get(id)!;

		for (const tool of value.tools?.allow ?? [])
			expect(forbidden(library, tool, value.forbidden_capabilities), tool).toEqual([]);
	});

	it.each([...library.functions.keys()])('%s has tools left after what it forbids', (id) => {
		const { value } = library.functions.get(id)!;
		const patterns = (value.tools?.allow ?? []).flatMap((text) => parseToolPattern(text).pattern ?? []);
		const left = library.catalog.names.filter(
			(tool) =>
				patterns.some((pattern) => matchTool(pattern, tool)) &&
				forbidden(library, tool, value.forbidden_capabilities).length === 0,
		);

		expect(left.length).toBeGreaterThan(2);
	});
});

describe('the shipped Rego', () => {
	const rego = new Map(
		files
			.filter(({ file }) => file.endsWith('.rego'))
			.map(({ file, bytes }) => [file, new TextDecoder().decode(bytes)]),
	);
	const policies = [...rego.keys()].filter((file) => !file.endsWith('_test.rego'));

	it('has a test beside every file', () => {
		expect(policies.length).toBeGreaterThanOrEqual(5);
		for (const file of policies) expect(rego.has(testOf(file)), file).toBe(true);
	});

	it.each(policies)('%s passes its tests', (file) => {
		const test = rego.get(testOf(file))!;
		const program = compile({ [file]: rego.get(file)!, [testOf(file)]: test });
		const names = [...test.matchAll(/^(test_\w+) if \{/gm)].map(([, name]) => name!);
		const scope = /^package (\S+)$/m.exec(test)![1]!;

		expect(names.length).toBeGreaterThan(2);
		for (const name of names) expect(program.evaluate(`data.${scope}.${name}`, {}).result, name).toBe(true);
	});
});

describe('the shipped floors and specs together', () => {
	const baseline = [fileNamed('baseline.rego')];
	const acme = [fileNamed('acme-baseline.rego')];
	const steward = fileNamed('collibra-steward.rego');
	const strict = fileNamed('strict.rego');
	const stewardSpec = fileNamed('sandbox-specs/collibra-steward.yaml');

	it.each([...library.specs.keys()])('%s compiles below the baseline without a warning', (id) => {
		const { compiled_policy, warnings } = compiled({
			org: baseline,
			spec: fileNamed(`sandbox-specs/${id}.yaml`),
		});

		expect(warnings).toEqual([]);
		expect(callable(compiled_policy).length).toBeGreaterThan(2);
		expect(callable(compiled_policy)).not.toContain('builtin.shell');
	});

	it('customer-support needs no floor above it', () => {
		const { warnings } = compiled({ spec: fileNamed('sandbox-specs/customer-support.yaml') });

		expect(warnings).toEqual([]);
	});

	it('acme-baseline alone grants nothing', () => {
		const { compiled_policy } = compiled({ org: acme, function: 'customer_support_emailer' });

		expect(callable(compiled_policy)).toEqual([]);
	});

	it('the steward below acme reads finance, changes customers and never sees the archive', () => {
		const { compiled_policy } = compiled({ org: acme, project: [steward], spec: stewardSpec });

		expect(compiled_policy.tools.schemas_acl).toEqual({
			collibra: { customers: 'rw', finance: 'ro', pii_archive: 'deny' },
		});
		expect(callable(compiled_policy)).toContain('collibra.create_column');
		expect(callable(compiled_policy)).not.toContain('collibra.drop_schema');
		expect(callable(compiled_policy).every((tool) => tool.startsWith('collibra.'))).toBe(true);
	});

	it('strict beside the steward shrinks the list of tools and leaves what loop_guard counts', () => {
		const before = callable(compiled({ org: acme, project: [steward], spec: stewardSpec }).compiled_policy);
		const after = callable(compiled({ org: acme, project: [steward, strict], spec: stewardSpec }).compiled_policy);

		expect(after).toEqual(before.filter((tool) => after.includes(tool)));
		expect(after).toContain('collibra.delete_asset');
		expect(after).not.toContain('collibra.create_column');
		expect(after.length).toBeLessThan(before.length);
	});

	it.each(['org', 'project', 'agent'] as const)(
		'every concern at once on the %s level contradicts neither floor',
		(level) => {
			const everything = packOf([...library.concerns.keys()]);
			const packs = [{ id: 'everything', level }];

			compiled({ library: everything, org: acme, project: [steward], packs, spec: stewardSpec });
			compiled({ library: everything, org: baseline, packs, spec: fileNamed('sandbox-specs/code-reviewer.yaml') });
		},
	);

	it('oversight asks nobody about the everyday work of the steward', () => {
		const oversight = packOf(['automated_decisions', 'human_oversight_required']);
		const { effective_pipeline } = compiled({
			library: oversight,
			org: acme,
			project: [steward],
			packs: [{ id: 'everything', level: 'project' }],
			spec: stewardSpec,
		});
		const isAsked = (tool: string): boolean =>
			effective_pipeline.approvals.some(({ target }) =>
				'capability' in target
					? library.catalog.tools.get(tool)!.facts.capabilities.includes(target.capability)
					: target.tools.some((pattern) => namedTools(pattern, library.catalog).includes(tool)),
			);

		for (const tool of ['collibra.create_column', 'collibra.delete_asset', 'collibra.update_asset'])
			expect(isAsked(tool), tool).toBe(false);
		expect(isAsked('collibra.drop_schema')).toBe(true);
	});
});

function fileNamed(name: string): SourceFile {
	return files.find(({ file }) => file === `policies/${name}`)!;
}

function compiled(request: Omit<CompileRequest, 'library'> & { readonly library?: Library }): CompileResult {
	const result = compilePolicy({ library, specFiles: files, ...request });
	if (isRefused(result)) throw new Error(JSON.stringify(result.diagnostics, undefined, 1));
	return result;
}

// Tools of the catalog that may be called: allowed by some pattern and denied by none.
function callable({ tools: aspect }: CompileResult['compiled_policy']): readonly string[] {
	const named = (patterns: readonly string[], tool: string): boolean =>
		patterns.some((text) => {
			const { pattern } = parseToolPattern(text);
			return pattern !== undefined && matchTool(pattern, tool);
		});
	return library.catalog.names.filter((tool) => named(aspect.allow, tool) && !named(aspect.deny, tool));
}

function packOf(concerns: readonly string[]): Library {
	const text = `schema: tappass.pack/1
id: everything
version: 1.0.0
title: Everything at once
regulation: { name: none, edition: none, source: "https://example.com/" }
bundles: { concerns: [${concerns.join(', ')}] }
clauses: [{ clause: none, title: none, rules: [], evidence: [], covered: none }]
not_covered: []
`;
	return loadLibrary([...files, { file: 'packs/everything/pack.yaml', bytes: new TextEncoder().encode(text) }]).library;
}

function forbidden(from: Library, tool: string, capabilities: readonly string[]): readonly string[] {
	return (from.catalog.tools.get(tool)?.facts.capabilities ?? []).filter((each) => capabilities.includes(each));
}

function testOf(file: string): string {
	return file.replace(/\.rego$/, '_test.rego');
}

function filesBelow(folder: string, name: string): readonly SourceFile[] {
	return readdirSync(folder, { withFileTypes: true }).flatMap((entry: Dirent): readonly SourceFile[] => {
		const path = join(folder, entry.name);
		const file = `${name}/${entry.name}`;
		return entry.isDirectory() ? filesBelow(path, file) : [{ file, bytes: readFileSync(path) }];
	});
}
