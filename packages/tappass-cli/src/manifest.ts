/**
 * Writes `oclif.manifest.json`, so that starting the command line does not load every command. Run after each build
 * (`npm run build`).
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Plugin, settings } from '@oclif/core';
import { writeFileAtomic } from '@tappass/cli-kit';

settings.enableAutoTranspile = false;
const root = join(import.meta.dirname, '..');
const path = join(root, 'oclif.manifest.json');
await rm(path, { force: true });
const plugin = new Plugin({
	root,
	type: 'core',
	ignoreManifest: true,
	errorOnManifestCreate: true,
	respectNoCacheDefault: true,
});
await plugin.load();
await writeFileAtomic(path, `${JSON.stringify(plugin.manifest, null, 1)}\n`, { mode: 0o644 });
