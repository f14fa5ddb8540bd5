import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { assertVersion, isOtherTarget, otherProgram, otherTargets } from './other-programs.ts';

const user = { uid: process.getuid!(), gid: process.getgid!() };
let folder: string;
beforeEach(async () => {
	folder = await mkdtemp('/var/tmp/tappass-others-');
	await chmod(folder, 0o755);
	await mkdir(join(folder, 'bin'));
	await mkdir(join(folder, 'package/dist'), { recursive: true });
	await writeFile(join(folder, 'package/dist/cli.js'), '#!/usr/bin/env node\n', { mode: 0o755 });
	await symlink('../package/dist/cli.js', join(folder, 'bin/srt'));
	await writeFile(join(folder, 'bin/nono'), 'ELF', { mode: 0o755 });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test.each(otherTargets)('%s is refused where its program is absent, with what brings it', async (target) => {
	const refused = otherProgram(target, `${folder}:relative/bin`, user);

	await expect(refused).rejects.toMatchObject({ code: 'program_missing' });
	await expect(refused).rejects.toThrow(`names ${target} as kernel ring`);
});

test.each([
	['the program', 'package/dist/cli.js'],
	['a directory on the way to it', 'package'],
])('one is refused when others may change %s', async (_what, path) => {
	await chmod(join(folder, path), 0o777);

	await expect(otherProgram('sandbox-runtime', join(folder, 'bin'), user)).rejects.toThrow(
		`others can change ${join(folder, path)}`,
	);
});

test('one is refused when the agent’s user cannot reach it', async () => {
	await chmod(join(folder, 'package'), 0o700);

	await expect(
		otherProgram('sandbox-runtime', join(folder, 'bin'), { uid: user.uid + 1, gid: user.gid + 1 }),
	).rejects.toThrow(`${join(folder, 'package')} does not let it`);
});

test.each([
	['an older version', 'nono 0.74.0', 'says "nono 0.74.0"'],
	['a newer version', 'nono 0.82.0', 'says "nono 0.82.0"'],
	['a version of something else', 'nonono 0.81.0', 'says "nonono 0.81.0"'],
	['no version', '', 'does not say its version'],
])('nono is refused that says %s, with what brings the right one', async (_what, said, told) => {
	await writeFile(join(folder, 'bin/nono'), `#!/bin/sh\nprintf '%s' '${said}'`);
	const refused = assertVersion('nono', await otherProgram('nono', join(folder, 'bin'), user), user);

	await expect(refused).rejects.toThrow(told);
	await expect(refused).rejects.toMatchObject({ code: 'program_missing', hint: 'cargo install nono-cli@0.81.0' });
});

test('nono is refused that does not run, and taken in the version that its Provider renders for', async () => {
	const found = await otherProgram('nono', join(folder, 'bin'), user);
	await expect(assertVersion('nono', found, user)).rejects.toThrow('does not say its version');

	await writeFile(join(folder, 'bin/nono'), '#!/bin/sh\necho nono 0.81.3');
	await assertVersion('nono', found, user);
});

test('a script of Node is run by this Node, a program by itself', async () => {
	const { binaries, program } = await otherProgram('sandbox-runtime', join(folder, 'bin'), user);

	expect(program.slice(1)).toEqual([join(folder, 'package/dist/cli.js')]);
	expect(program[0]).toMatch(/node$/);
	expect(binaries['apply-seccomp']).toContain(join(folder, 'package/vendor/seccomp'));
	expect(await otherProgram('nono', join(folder, 'bin'), user)).toEqual({
		program: [join(folder, 'bin/nono')],
		binaries: {},
	});
});

test('bubblewrap is ours, and no ring is no other', () => {
	expect([isOtherTarget('bubblewrap'), isOtherTarget(null), isOtherTarget('nono')]).toEqual([false, false, true]);
});
