import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findSystemProgram } from '../launch/programs.ts';
import { systemdUnit } from './unit.ts';

let folder: string;
beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), 'tappass-unit-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const options = { node: process.execPath, options: ['--max-old-space-size=64'], program: '/usr/bin/true' };

test.each(['/opt/tap pass/main.js', '/opt/%h/main.js', 'main.js', '/opt/x\nUser=root'])(
	'a path that systemd would read as something else is refused: %j',
	(program) => {
		expect(() => systemdUnit({ ...options, program })).toThrow('cannot be written in a unit');
	},
);

// What systemd says of it where systemd is installed; elsewhere the unit is held to the sections that one has.
test.each([undefined, 'root'])('the printed unit is one that systemd takes, group %s', (group) => {
	const text = systemdUnit({ ...options, ...(group !== undefined && { group }) });
	expect(text.match(/^\[\w+\]$/gm)).toEqual(['[Unit]', '[Service]', '[Install]']);
	expect(text.includes('--group root')).toBe(group !== undefined);
	const program = findSystemProgram('systemd-analyze');
	if (program === undefined) return;

	const file = join(folder, 'tappass-host.service');
	writeFileSync(file, text);
	const { status, stderr } = spawnSync(program, ['verify', '--man=no', file], { encoding: 'utf8' });

	// What it says of other units of the machine is none of ours.
	expect(stderr.split('\n').filter((line) => line.includes('tappass-host'))).toEqual([]);
	expect(status).not.toBe(null);
});
