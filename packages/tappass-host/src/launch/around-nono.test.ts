import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Rendered } from '@tappass/core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { aroundNono, nonoHome } from './around-nono.ts';

let folder: string;
beforeEach(() => {
	folder = mkdtempSync('/var/tmp/tappass-around-');
});
afterEach(() => rmSync(folder, { recursive: true }));

function words(change: { readonly workspaceHost?: string; readonly read?: readonly string[] } = {}): string {
	const content = JSON.stringify({ filesystem: { read: change.read ?? ['/usr'] } });
	const rendered: Rendered = {
		files: [{ path: 'nono-profile.json', content, mode: 0o644 }],
		args: [],
		env: {},
		gaps: [],
	};
	const { workspaceHost = '/srv/work' } = change;
	return aroundNono({ rendered, workspaceHost, runDirectory: '/run/x', nono: '/usr/bin/nono' }).join(' ');
}

test('it is started where no process and no user namespace outlives or hides it', () => {
	expect(words()).toMatch(
		/bwrap .*--unshare-user --disable-userns --unshare-pid .*--cap-drop ALL --die-with-parent .*-- \/usr\/bin\/nono$/,
	);
});

test('the /tmp of the machine is not its own, but for what the policy shows of it', () => {
	expect(words()).toContain('--tmpfs /tmp --chdir');
	expect(words({ workspaceHost: '/tmp/work', read: ['/tmp/data', '/usr'] })).toContain(
		'--tmpfs /tmp --bind-try /tmp/data /tmp/data --bind-try /tmp/work /tmp/work --chdir /tmp/work',
	);
	for (const all of [{ workspaceHost: '/tmp' }, { read: ['/tmp'] }, { read: ['/'] }])
		expect(words(all)).not.toContain('--tmpfs');
});

test('its home holds nothing of an earlier run', async () => {
	const user = { uid: process.getuid!(), gid: process.getgid!() };
	mkdirSync(join(folder, 'home/.config/nono'), { recursive: true });
	writeFileSync(join(folder, 'home/.config/nono/config.toml'), '');

	expect(readdirSync(await nonoHome(folder, user))).toEqual([]);
});
