import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FilesystemAspect } from '@tappass/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { assertStateApart } from './state-apart.ts';

let home: string;
let state: string;
beforeEach(() => {
	home = realpathSync(mkdtempSync(join(tmpdir(), 'tappass-apart-')));
	state = join(home, 'state');
	for (const path of ['state/mine/workspace', 'state/other', 'work']) mkdirSync(join(home, path), { recursive: true });
});
afterEach(() => rmSync(home, { recursive: true }));

function hold(filesystem: Partial<FilesystemAspect>, workspace = join(home, 'work')): Promise<void> {
	return assertStateApart({
		filesystem: { workspace: '/workspace', read_only: ['/usr'], deny_paths: [], ...filesystem },
		workspace,
		state,
		directory: join(state, 'mine'),
	});
}

describe('refused is', () => {
	test.each([
		['the state itself', () => state],
		['what is around it', () => home],
		['everything', () => '/'],
		['another sandbox', () => join(state, 'other')],
		['its own directory', () => join(state, 'mine')],
	])('%s, to be read', async (_what, path) => {
		await expect(hold({ read_only: ['/usr', path()] })).rejects.toMatchObject({ code: 'runtime_unenforced' });
	});

	test.each([
		['the state itself', () => state],
		['what is around it', () => home],
		['another sandbox', () => join(state, 'other')],
	])('%s, as workspace', async (_what, path) => {
		await expect(hold({}, path())).rejects.toThrow('where the daemon keeps its keys');
	});

	test('a workspace around it, also when the state is denied', async () => {
		await expect(hold({ deny_paths: [state] }, home)).rejects.toMatchObject({ code: 'runtime_unenforced' });
	});

	test('a link to what is around it', async () => {
		symlinkSync(home, join(home, 'work/link'));

		await expect(hold({ read_only: [join(home, 'work/link')] })).rejects.toThrow(`${home} would be shown`);
	});
});

test('what lies beside it is shown, its own workspace too, and what is around it when the state is denied', async () => {
	await hold({ read_only: ['/usr', join(home, 'work'), '~/notes', '/workspace/data'] });
	await hold({}, join(state, 'mine/workspace'));
	await hold({ read_only: [home], deny_paths: [state] });
});
