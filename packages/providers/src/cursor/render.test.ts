import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CompiledPolicy, pathText } from '@tappass/core';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { domainRules, mayReach } from '../domains.ts';
import { absolutePath, mayRead, mayWrite, pathRules } from '../paths.ts';
import { arbitraryCapabilities, arbitraryHost, arbitraryPath, arbitraryPolicy } from '../test-support/arbitrary.ts';
import { caseCapabilities, casePolicy, holdGolden } from '../test-support/golden.ts';
import { splitTools } from '../tool-names.ts';
import { hookProgram } from './hook-program.ts';
import { cursor } from './index.ts';
import type { HookRules, Hooks } from './schema.ts';

/** The tools of the golden policies by the names that Cursor gives them. */
const tool_aliases = {
	...caseCapabilities().tool_aliases,
	'builtin.edit_file': ['Write'],
	'builtin.read_file': ['Read'],
	'builtin.shell': ['Shell'],
	'builtin.web_fetch': ['WebFetch'],
};
holdGolden(cursor, import.meta.dirname, { tool_aliases });
const capabilities = caseCapabilities({ tool_aliases });

type Output = ReturnType<typeof cursor.render>;
type Event = Readonly<Record<string, unknown>>;
function contentOf(rendered: Output, name: string): string {
	return rendered.files.find(({ path }) => path.endsWith(name))!.content;
}
function rulesOf(rendered: Output): HookRules {
	return JSON.parse(contentOf(rendered, 'tappass-rules.json'));
}
const { refusal } = (await import(`data:text/javascript,${encodeURIComponent(hookProgram)}`)) as {
	refusal: (event: Event, rules: HookRules, real: (path: string) => string) => string | undefined;
};
const asItIs = (path: string): string => path;
function allows(event: Event, rules: HookRules): boolean {
	return refusal({ cwd: '/workspace', ...event }, rules, asItIs) === undefined;
}
const use = (tool_name: string, tool_input: unknown = {}): Event => ({
	hook_event_name: 'preToolUse',
	tool_name,
	tool_input,
});

describe('cursor', () => {
	const everything = rulesOf(cursor.render(casePolicy('everything'), capabilities));
	const page = 'https://files.acme.com/';

	test('an empty policy refuses every event', () => {
		const rules = rulesOf(cursor.render(casePolicy('empty'), capabilities));
		const events: Event[] = [
			...['Read', 'Write', 'Delete', 'Shell', 'Task', 'WebFetch', 'WebSearch', 'Grep', 'MCP:collibra__get_asset'].map(
				(tool) => use(tool, { file_path: '/workspace/a', url: page }),
			),
			{ hook_event_name: 'beforeShellExecution', command: 'ls' },
			{ hook_event_name: 'beforeReadFile', file_path: '/workspace/a' },
			{ hook_event_name: 'beforeTabFileRead', file_path: '/workspace/a' },
			{ hook_event_name: 'beforeMCPExecution', tool_name: 'collibra__get_asset', url: capabilities.mcp_url },
			{ hook_event_name: 'subagentStart' },
		];
		for (const event of events) expect(allows(event, rules), JSON.stringify(event)).toBe(false);
	});

	test.each([
		['a tool that the policy denies', use('Shell', { command: 'ls' })],
		['a tool that nobody knows', use('Grep', { pattern: 'x' })],
		['an event that nobody knows', { hook_event_name: 'beforeEverything' }],
		['an event without a name', {}],
		['a denied file', use('Read', { file_path: '/workspace/.env' })],
		['a file outside', use('Read', { file_path: '/etc/passwd' })],
		['a way around', use('Read', { file_path: '/workspace/../etc/passwd' })],
		['a file without a name', use('Read', {})],
		['a second file beside an allowed one', use('Read', { file_path: '/workspace/a', path: '/etc/passwd' })],
		['a path that the program may resolve to the home directory', use('Read', { file_path: '~/.ssh/id' })],
		['a path that is an address', use('Read', { file_path: 'file:///etc/passwd' })],
		['writing what is read-only', use('Write', { file_path: 'vendor/a' })],
		['a host that is not listed', use('WebFetch', { url: 'https://evil.example/' })],
		['a denied host', use('WebFetch', { url: 'https://paste.acme.com/' })],
		['a host in another part of the address', use('WebFetch', { url: 'https://evil.example/files.acme.com' })],
		['an address that is no page', use('WebFetch', { url: 'file:///etc/passwd' })],
		['a denied tool of the broker', use('MCP:collibra__delete_asset')],
		[
			'an allowed tool of another server',
			{ hook_event_name: 'beforeMCPExecution', tool_name: 'collibra__get_asset', url: 'http://evil.example/mcp' },
		],
		[
			'an allowed tool of a server that is a command',
			{ hook_event_name: 'beforeMCPExecution', tool_name: 'collibra__get_asset', command: 'evil' },
		],
	])('the hook refuses %s', (_, event) => {
		expect(allows(event, everything)).toBe(false);
	});

	test.each([
		['an allowed file', use('Read', { file_path: '/workspace/a' })],
		['a file to write', use('Write', { path: 'a' })],
		['a file to read only', { hook_event_name: 'beforeReadFile', file_path: '/opt/data/x' }],
		['a listed host', use('WebFetch', { url: page })],
		[
			'a tool of the broker',
			{ hook_event_name: 'beforeMCPExecution', tool_name: 'collibra__get_asset', url: capabilities.mcp_url },
		],
	])('the hook lets %s through', (_, event) => {
		expect(allows(event, everything)).toBe(true);
	});

	test('where a file system does not tell capitals or forms of a letter apart, a denial does not either', () => {
		const policy: CompiledPolicy = {
			...casePolicy('everything'),
			filesystem: {
				workspace: '/workspace',
				read_only: ['/workspace/Vendor'],
				deny_paths: ['/workspace/.env', '/workspace/é'],
			},
		};
		const on = (os: 'macos' | 'linux'): HookRules => rulesOf(cursor.render(policy, { ...capabilities, os }));
		const forms = ['/workspace/.ENV', '/workspace/.Env/x', '/workspace/e\u0301', '/workspace/E\u0301/x'];
		for (const path of forms) {
			expect(allows(use('Read', { file_path: path }), on('macos')), path).toBe(false);
			expect(allows(use('Read', { file_path: path }), on('linux')), path).toBe(true);
		}
		expect(allows(use('Write', { file_path: '/workspace/vendor/a' }), on('macos'))).toBe(false);
		expect(allows(use('Write', { file_path: '/workspace/vendors/a' }), on('macos'))).toBe(true);
	});

	test('every event that can be refused fails closed, and without Node all are refused', () => {
		const hooks = (rendered: Output): Hooks => JSON.parse(contentOf(rendered, 'hooks.json'));
		const all = Object.values(hooks(cursor.render(casePolicy('everything'), capabilities)).hooks).flat();
		expect(all).toHaveLength(6);
		expect(all.every((hook) => hook.failClosed)).toBe(true);
		for (const binaries of [{}, { node: '/opt/n$(id)/node' }]) {
			const bare = hooks(cursor.render(casePolicy('everything'), { ...capabilities, binaries }));
			expect(
				Object.values(bare.hooks)
					.flat()
					.every(({ command }) => command === 'exit 2'),
			).toBe(true);
		}
	});

	test('the check refuses another program and a hook that fails open', () => {
		const rendered = cursor.render(casePolicy('typical'), capabilities);
		const spoil = (from: string, to: string): Output => ({
			...rendered,
			files: rendered.files.map((file) => ({ ...file, content: file.content.replace(from, to) })),
		});
		expect(cursor.check(spoil("'deny'", "'allow'"))).not.toEqual([]);
		expect(cursor.check(spoil('"failClosed": true', '"failClosed": false'))).not.toEqual([]);
		expect(cursor.check(spoil('"preToolUse"', '"preTooluse"'))).not.toEqual([]);
	});

	test('any policy renders, the same twice, and the hook allows exactly what the policy does', () => {
		fc.assert(
			fc.property(
				arbitraryPolicy,
				arbitraryCapabilities,
				arbitraryHost,
				fc.array(arbitraryPath, { maxLength: 3 }),
				(policy, some, host, paths) => {
					const capabilities = { ...some, tool_aliases };
					const rendered = cursor.render(policy, capabilities);
					expect(cursor.check(rendered)).toEqual([]);
					expect(cursor.render(policy, capabilities)).toEqual(rendered);
					const rules = rulesOf(rendered);
					const paths_ = pathRules(policy.filesystem, capabilities);
					const has = (tool: string): boolean => rules.tools.includes(tool);
					const reaches = has('WebFetch') && mayReach(domainRules(policy.network, capabilities), host);
					expect(allows(use('WebFetch', { url: `http://${host}/` }), rules)).toBe(reaches);
					const near = [paths_.workspace, ...paths_.read_only, ...paths_.deny].map(pathText);
					for (const path of [...paths, ...near, ...near.map((one) => `${one}/x`)]) {
						const read = has('Read') && mayRead(paths_, absolutePath(path));
						const write = has('Write') && mayWrite(paths_, absolutePath(path));
						expect(allows(use('Read', { file_path: path }), rules), path).toBe(read);
						expect(allows(use('Write', { file_path: path }), rules), path).toBe(write);
					}
					for (const { names } of splitTools(policy.tools, capabilities).denied)
						for (const name of names) expect(allows(use(name.replace('mcp__tappass__', 'MCP:')), rules)).toBe(false);
				},
			),
		);
	});
});

describe('the hook, run as Cursor runs it', () => {
	let folder: string;
	beforeEach(() => {
		folder = mkdtempSync(join(tmpdir(), 'tappass-cursor-'));
		for (const name of ['w', 'secret']) mkdirSync(join(folder, name));
		writeFileSync(join(folder, 'secret/f'), '');
		symlinkSync(join(folder, 'secret'), join(folder, 'w/link'));
		const policy: CompiledPolicy = {
			...casePolicy('typical'),
			filesystem: { workspace: join(folder, 'w'), read_only: [], deny_paths: [] },
		};
		for (const { path, content } of cursor.render(policy, capabilities).files)
			writeFileSync(join(folder, path.split('/').at(-1)!), content);
	});
	afterEach(() => rmSync(folder, { recursive: true, force: true }));
	function run(input: string): { status: number | null; answer: unknown } {
		const { status, stdout } = spawnSync(process.execPath, [join(folder, 'tappass-hook.mjs')], {
			input,
			encoding: 'utf8',
		});
		return { status, answer: stdout === '' ? undefined : JSON.parse(stdout) };
	}
	const read = (path: string): string => JSON.stringify(use('Read', { file_path: join(folder, path) }));

	test('says no, by word and by exit code, to a link that leads out', () => {
		expect(run(read('w/link/f'))).toEqual({
			status: 2,
			answer: expect.objectContaining({ permission: 'deny', decision: 'deny' }),
		});
		expect(run(read('w/link/new')).status).toBe(2);
	});
	test('says no to a link that leads to where nothing is yet: a write would make it there', () => {
		symlinkSync(join(folder, 'secret/new'), join(folder, 'w/dangling'));
		for (const path of ['w/dangling', 'w/dangling/below']) expect(run(read(path)).status).toBe(2);
	});
	test('decides when it is started through a link', () => {
		symlinkSync(folder, `${folder}-link`);
		const hook = join(`${folder}-link`, 'tappass-hook.mjs');
		const { status } = spawnSync(process.execPath, [hook], { input: read('secret/f'), encoding: 'utf8' });
		rmSync(`${folder}-link`);
		expect(status).toBe(2);
	});
	test('says yes to a file in the workspace, there or not', () => {
		expect(run(read('w/new'))).toEqual({ status: 0, answer: { permission: 'allow', decision: 'allow' } });
	});
	test('says no to an event that cannot be read, and without its rules', () => {
		expect(run('{').status).toBe(2);
		rmSync(join(folder, 'tappass-rules.json'));
		expect(run(read('w/new')).status).toBe(2);
	});
});
