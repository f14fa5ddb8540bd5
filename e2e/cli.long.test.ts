import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { root } from './support/repository.ts';
import { play, scenesOf } from './support/transcript.ts';

const folder = join(root, 'e2e', 'cli');
// TRANSCRIPTS=update writes what came back; read the difference before it is committed.
const update = process.env['TRANSCRIPTS'] === 'update';

describe.each(readdirSync(folder).filter((file) => file.endsWith('.txt')))('%s', (file) => {
	const path = join(folder, file);
	const text = readFileSync(path, 'utf8');
	test.each(scenesOf(text).map((scene) => [scene.title, scene] as const))(
		'%s',
		(_, scene) => {
			const { expected, actual } = play(scene);
			if (update && actual !== expected)
				writeFileSync(
					path,
					readFileSync(path, 'utf8').replace(`## ${scene.title}\n${expected}`, () => `## ${scene.title}\n${actual}`),
				);
			else expect(actual).toBe(expected);
		},
		60_000,
	);
});
