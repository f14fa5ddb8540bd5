import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { refuseExisting } from './new-file.ts';

const directory = mkdtempSync(join(tmpdir(), 'tappass-new-file-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

it('refuses a file, a directory and a link that leads nowhere', () => {
	writeFileSync(join(directory, 'file'), 'mine');
	symlinkSync('nowhere', join(directory, 'link'));
	for (const taken of ['file', 'link', '.'])
		expect(() => refuseExisting(join(directory, taken), 'another')).toThrow(
			expect.objectContaining({ code: 'usage', hint: 'another' }),
		);
});

it('lets a name pass that is free', () => {
	expect(() => refuseExisting(join(directory, 'new'), '')).not.toThrow();
});
