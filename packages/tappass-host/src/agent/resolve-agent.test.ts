import { chmod, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AgentSearch, resolveAgent } from './resolve-agent.ts';

let root: string;
let search: AgentSearch;
const put = async (path: string, content: string | object, mode = 0o644): Promise<void> => {
	await mkdir(dirname(join(root, path)), { recursive: true });
	await writeFile(join(root, path), typeof content === 'string' ? content : JSON.stringify(content), { mode });
};

beforeAll(async () => {
	root = await realpath(await mkdtemp(join(tmpdir(), 'tappass-agent-')));
	await put('app/node_modules/agent/package.json', {
		name: 'agent',
		bin: { other: 'o.js', agent: 'main.js' },
		dependencies: { dep: '1', linked: '1' },
	});
	await put('app/node_modules/agent/main.js', '');
	await put('app/node_modules/dep/package.json', { name: 'dep' });
	await put('elsewhere/linked/package.json', { name: 'linked' });
	await symlink(join(root, 'elsewhere/linked'), join(root, 'app/node_modules/linked'));
	await put('app/node_modules/@scope/one/package.json', { name: '@scope/one', bin: 'cli.js' });
	await put('app/node_modules/@scope/one/cli.js', '');
	await put('app/sub/note.txt', '');
	await put('bin/tool', '#!/bin/sh\n', 0o755);
	await put('bin/data', 'text');
	await put('nobin/package.json', { name: 'nobin' });
	await chmod(join(root, 'bin/data'), 0o644);
	search = { cwd: join(root, 'app/sub'), path: join(root, 'bin'), node: join(root, 'node/bin/node') };
});
afterAll(() => rm(root, { recursive: true, force: true }));

test('finds a package above the working directory, by the bin of its own name', async () => {
	expect(await resolveAgent('agent', search)).toEqual({
		name: 'agent',
		program: [search.node, join(root, 'app/node_modules/agent/main.js')],
		// What it needs, hoisted and linked.
		directories: [join(root, 'app/node_modules'), join(root, 'elsewhere/linked')],
	});
	expect(await resolveAgent('@scope/one', search)).toMatchObject({ name: 'one' });
});

test('finds a directory, a file and a program in PATH', async () => {
	expect(await resolveAgent('../node_modules/agent', search)).toMatchObject({ name: 'agent' });
	expect(await resolveAgent(join(root, 'bin/tool'), search)).toMatchObject({ program: [join(root, 'bin/tool')] });
	expect(await resolveAgent('tool', search)).toMatchObject({ name: 'tool', program: [join(root, 'bin/tool')] });
});

test.each([
	['nothing-here', 'npm install nothing-here'],
	['./missing', 'not there'],
	['../../nobin', 'no package.json with a bin'],
	['../../bin/data', 'not a program'],
	['; rm -rf /', 'not there'],
])('refuses %s', async (text, why) => {
	const error = await resolveAgent(text, search).catch((one: unknown) => one as { message: string; hint?: string });
	expect(`${(error as { message: string }).message} ${(error as { hint?: string }).hint ?? ''}`).toContain(why);
});
