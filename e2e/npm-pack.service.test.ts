/**
 * What `npm publish` would hand out: each package as its tarball, installed into an empty folder, where its command runs and
 * its library loads. Ours come from the tarballs, everything else from the registry that npm is set up with.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { root, workspacePackages } from './support/repository.ts';

const published = workspacePackages().filter(({ manifest }) => manifest.private !== true);
const names = published.map(({ manifest }) => manifest.name);
let home: string;
let tarballs: ReadonlyMap<string, { readonly file: string; readonly files: readonly string[] }>;

interface Ran {
	readonly exit: number;
	readonly stdout: string;
	readonly stderr: string;
}
function run(program: string, args: readonly string[], cwd: string, env = process.env): Promise<Ran> {
	return new Promise((resolve) =>
		execFile(program, [...args], { cwd, env, maxBuffer: 2 ** 26 }, (error, stdout, stderr) =>
			resolve({ exit: error === null ? 0 : Number(error.code), stdout, stderr }),
		),
	);
}

beforeAll(async () => {
	home = mkdtempSync(join(tmpdir(), 'tappass-pack-'));
	const packed = await run('npm', ['pack', '--json', '--workspaces', '--pack-destination', home], root);
	expect(packed.exit, packed.stderr).toBe(0);
	const listed = JSON.parse(packed.stdout) as Packed[] | Readonly<Record<string, Packed>>;
	tarballs = new Map(
		Object.values(listed).map(({ name, filename, files }) => [
			name,
			{ file: join(home, filename.replace('@', '').replace('/', '-')), files: files.map(({ path }) => path) },
		]),
	);
}, 400_000);
afterAll(() => rmSync(home, { recursive: true, force: true }));

interface Packed {
	readonly name: string;
	readonly filename: string;
	readonly files: readonly { readonly path: string }[];
}

/** A package of ours and all of ours that it stands on. */
function closure(name: string, found = new Set<string>()): ReadonlySet<string> {
	if (found.has(name) || !names.includes(name)) return found;
	found.add(name);
	const { dependencies = {} } = published.find(({ manifest }) => manifest.name === name)!.manifest;
	for (const each of Object.keys(dependencies)) closure(each, found);
	return found;
}

/** Installs a package into a folder of its own. */
async function install(name: string): Promise<string> {
	const folder = join(home, `install-${name}`);
	if (existsSync(folder)) return folder;
	mkdirSync(folder);
	const ours = [...closure(name)];
	const dependencies = Object.fromEntries(ours.map((each) => [each, `file:${tarballs.get(each)!.file}`]));
	writeFileSync(
		join(folder, 'package.json'),
		JSON.stringify({ name: 'empty', private: true, type: 'module', dependencies }),
	);
	const done = await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', '--omit=dev'], folder);
	expect(done.exit, done.stderr).toBe(0);
	return folder;
}
const command = (folder: string, name: string, ...args: readonly string[]): Promise<Ran> => {
	// Nothing of the checkout is on its PATH but the Node that runs this, which may lie in the checkout's .toolchain.
	const PATH = (process.env['PATH'] ?? '').split(':').filter((each) => !each.startsWith(root));
	const env = { ...process.env, PATH: [dirname(process.execPath), ...PATH].join(':'), HOME: folder, NODE_PATH: '' };
	return run(join(folder, 'node_modules/.bin', name), args, folder, env);
};

/** A Node of before, as npm packs it. */
async function olderNode(): Promise<string> {
	const name = `node-${process.platform}-${process.arch}`;
	const program = join(home, 'node-20', 'node_modules', name, 'bin', 'node');
	if (existsSync(program)) return program;
	const args = ['install', '--prefix', join(home, 'node-20'), '--no-audit', '--no-fund', '--ignore-scripts'];
	const done = await run('npm', [...args, '--prefer-offline', `${name}@20`], home);
	expect(done.exit, done.stderr).toBe(0);
	return program;
}

describe.each(names)('the tarball of %s', (name) => {
	test('holds what is run and nothing that is not', () => {
		const { files } = tarballs.get(name)!;
		const leaked = files.filter(
			(path) =>
				/\.test\.|\.tsbuildinfo$|(?:^|\/)(?:src|testdata|test-support|node_modules)\/|(?:^|\/)\.env|\.(?:key|pem)$/.test(
					path,
				) ||
				(/\.tsx?$/.test(path) && !path.endsWith('.d.ts')),
		);

		expect(files).toContain('package.json');
		expect(leaked).toEqual([]);
		for (const path of entriesOf(name)) expect(files).toContain(path);
	});
});

// What its package.json says is started or imported.
function entriesOf(name: string): readonly string[] {
	const { folder } = published.find(({ manifest }) => manifest.name === name)!;
	const manifest = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
	const leaves = (value: unknown): readonly string[] =>
		typeof value === 'string' ? [value] : Object.values((value ?? {}) as object).flatMap(leaves);
	// What is for tests is of the checkout alone.
	const paths = [...leaves(manifest.bin), ...leaves(manifest.exports)].filter((path) => !/[*]|test-support/.test(path));
	return paths.map((path) => path.replace(/^\.\//, ''));
}

// Prints the names that each of some packages exports by its main door.
const importing = (packages: readonly string[]): string =>
	packages
		.map((name) => `console.log(${JSON.stringify(name)}, Object.keys(await import(${JSON.stringify(name)})).length);`)
		.join('\n');
const libraries = (installed: ReadonlySet<string>): readonly string[] =>
	[...installed].filter((name) => entriesOf(name).some((path) => path.endsWith('index.js')));

async function importsWork(folder: string, installed: ReadonlySet<string>): Promise<void> {
	const wanted = libraries(installed);
	writeFileSync(join(folder, 'all.js'), importing(wanted));
	const done = await run(process.execPath, ['all.js'], folder);
	expect(done, done.stderr).toMatchObject({ exit: 0 });
	const lines = done.stdout.trim().split('\n').filter(Boolean);
	expect(lines.map((line) => line.split(' ')[0])).toEqual(wanted);
}

/** What a scripted model that runs from the installed package streams. */
async function streamed(folder: string): Promise<string> {
	writeFileSync(
		join(folder, 'model.yaml'),
		'schema: tappass.dev-model/1\nmodels: [scripted]\nturns:\n  - say: Hello from the tarball.\n',
	);
	const program = join(folder, 'node_modules/.bin/tappass');
	const child = spawn(program, ['dev', 'model', 'model.yaml', '--json'], {
		cwd: folder,
		stdio: ['ignore', 'pipe', 'inherit'],
	});
	try {
		const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
		const { url } = JSON.parse(line) as { url: string };
		const answer = await fetch(`${url}/chat/completions`, {
			method: 'POST',
			headers: { 'content-type': 'application/json' },
			body: JSON.stringify({ model: 'scripted', stream: true, messages: [{ role: 'user', content: 'Hi.' }] }),
		});
		const events = (await answer.text()).split('\n\n').filter((event) => event.startsWith('data: '));
		expect(events.length).toBeGreaterThan(2);
		expect(events.at(-1)).toBe('data: [DONE]');
		return events
			.slice(0, -1)
			.map((event) => JSON.parse(event.slice('data: '.length)).choices[0]?.delta?.content ?? '')
			.join('');
	} finally {
		child.kill('SIGTERM');
		await once(child, 'exit');
	}
}

// What a user of the SDK writes; a class whose options are as wide as those of `fetch` stands for the MCP SDK's.
const consumer = `
import { Client, govern, Keyring, runCode, type ToolResult } from 'tappass-agent';
const keyring = await Keyring.load();
const client = new Client(keyring);
const result: ToolResult = await client.tools.execute('a.b', {});
if ('denied' in result) console.log(result.because);
class Narrow { constructor(_url: URL, _options?: { fetch?: (url: string | URL, init?: RequestInit) => Promise<Response> }) {} }
class Wide { constructor(_url: URL, _options?: { fetch?: typeof fetch }) {} }
const transports: [Narrow, Wide] = [client.mcp.transport(Narrow), client.mcp.transport(Wide)];
keyring.on('policy', ({ policy_version }) => console.log(policy_version, transports));
const judged = govern((a: number, b: string) => a + b.length, { keyring, tool: 'a.b' });
console.log(await judged(1, 'x'), await runCode('1', { keyring }));
`;

describe('installed into an empty folder', () => {
	test('tappass-cli helps, checks policy, and streams an answer', async () => {
		const folder = await install('tappass-cli');
		writeFileSync(join(folder, 'good.rego'), 'package tappass.policy\n\nbudget.tool_calls_per_minute := 30\n');
		writeFileSync(join(folder, 'bad.rego'), 'package tappass.policy\n\nbudget.tool_calls_per_minut := 30\n');

		expect(existsSync(join(folder, 'node_modules/tappass-cli/bundle/main.js'))).toBe(true);
		expect(await command(folder, 'tappass', '--help')).toMatchObject({
			exit: 0,
			stdout: expect.stringContaining('policy'),
		});
		expect(await command(folder, 'tappass', 'policy', 'check', 'bad.rego')).toMatchObject({ exit: 2 });
		expect(await command(folder, 'tappass', 'policy', 'check', 'good.rego')).toMatchObject({ exit: 0, stderr: '' });
		expect((await command(folder, 'tappass', 'pack', 'list')).stdout).toContain('eu-ai-act');
		expect(await streamed(folder)).toBe('Hello from the tarball.');
		await importsWork(folder, closure('tappass-cli'));
	}, 400_000);

	test('tappass-host helps', async () => {
		const folder = await install('tappass-host');

		expect(await command(folder, 'tappass-host', '--help')).toMatchObject({
			exit: 0,
			stdout: expect.stringContaining('uninstall'),
		});
		expect(await command(folder, 'tappass-host', 'stat')).toMatchObject({ exit: 2, stdout: '' });
	}, 400_000);

	test('tappass-agent refuses what is no keyring, and verifies one', async () => {
		const folder = await install('tappass-agent');
		const made = await run(join(root, 'bin/tappass'), ['dev', 'make-keyring', '--out', join(folder, 'demo')], root);
		expect(made.exit, made.stderr).toBe(0);
		const verify = (keyring: string): Promise<Ran> =>
			command(folder, 'tappass-agent', 'verify', keyring, '--root', 'demo/root.json');

		expect(await verify('demo/root.json')).toMatchObject({ exit: 3, stdout: '' });
		expect(await verify('demo/keyring.json')).toMatchObject({ exit: 0 });
		await importsWork(folder, closure('tappass-agent'));
	}, 400_000);

	test('tappass-agent is as small as its README says', async () => {
		const folder = await install('tappass-agent');
		const [, packages, megabytes] =
			/Installed: (\d+) packages, (\d+) MB/.exec(
				readFileSync(join(root, 'packages/tappass-agent/README.md'), 'utf8'),
			) ?? [];
		const lock = JSON.parse(readFileSync(join(folder, 'node_modules/.package-lock.json'), 'utf8'));
		const files = readdirSync(join(folder, 'node_modules'), { recursive: true, withFileTypes: true });
		const bytes = files
			.filter((entry) => entry.isFile())
			.reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);

		expect(Object.keys(lock.packages).length).toBe(Number(packages));
		// A patch of a dependency moves it a little; a new one shows.
		expect(Math.abs(bytes / 1e6 - Number(megabytes))).toBeLessThan(1.5);
	}, 400_000);

	test.each([
		['tappass', 'tappass-cli'],
		['tappass-host', 'tappass-host'],
		['tappass-agent', 'tappass-agent'],
	])(
		'%s says which Node it needs when an older one runs it',
		async (program, name) => {
			const node = await olderNode();
			const { bin } = JSON.parse(
				readFileSync(join(home, `install-${name}`, 'node_modules', name, 'package.json'), 'utf8'),
			) as { readonly bin: Readonly<Record<string, string>> };
			const main = join(home, `install-${name}`, 'node_modules', name, bin[program]!);

			for (const args of [[], ['--help'], ['--version', '--json']])
				expect(await run(node, [main, ...args], home)).toEqual({
					exit: 70,
					stdout: '',
					stderr: expect.stringMatching(
						new RegExp(
							`^${program}: error: Node 24 or newer is needed; this is Node 20\\.\\S+, /.+\n${program}: hint: .+\n$`,
						),
					),
				});
		},
		400_000,
	);

	test('tappass-agent has types that resolve, in both ways that a compiler looks for them', async () => {
		const folder = await install('tappass-agent');
		writeFileSync(join(folder, 'agent.ts'), consumer);
		const types = ['--types', 'node', '--typeRoots', join(root, 'node_modules/@types')];
		for (const mode of [['nodenext', 'nodenext'] as const, ['esnext', 'bundler'] as const]) {
			const resolving = ['--module', mode[0], '--moduleResolution', mode[1], '--target', 'es2024', ...types];
			// Also the declarations themselves, and those of what they stand on.
			const checked = [
				'--ignoreConfig',
				'--noEmit',
				'--strict',
				'--exactOptionalPropertyTypes',
				'--skipLibCheck',
				'false',
			];
			const args = [join(root, 'node_modules/.bin/tsc'), ...checked, ...resolving, 'agent.ts'];
			expect(await run(process.execPath, args, folder)).toMatchObject({ exit: 0, stdout: '' });
		}
	}, 400_000);

	test('the rest of them load', async () => {
		const covered = new Set(['tappass-cli', 'tappass-host', 'tappass-agent'].flatMap((name) => [...closure(name)]));

		// One that none of the three needs would have to be installed by itself.
		expect(names.filter((name) => !covered.has(name))).toEqual([]);
	});
});
