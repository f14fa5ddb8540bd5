/** A built copy of the checkout that may be written to: what ships is copied, what others made is linked. */
import { cpSync, existsSync, mkdirSync, readdirSync, readlinkSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './repository.ts';

const copied = ['dist', 'bundle', 'package.json', 'oclif.manifest.json', 'testdata'];

/** Makes one in a directory that is not there yet. */
export function cloneInto(directory: string): void {
	const at = (path: string): string => join(directory, path);
	const link = (path: string): void => {
		if (existsSync(join(root, path))) symlinkSync(join(root, path), at(path));
	};
	mkdirSync(directory);
	for (const name of ['bin', 'packs', 'policies', 'docs', 'README.md', 'package.json'])
		cpSync(join(root, name), at(name), { recursive: true, filter: (path) => !path.endsWith('node_modules') });
	link('.toolchain');
	for (const name of readdirSync(join(root, 'packages'))) {
		mkdirSync(at(`packages/${name}`), { recursive: true });
		for (const part of copied) {
			const path = `packages/${name}/${part}`;
			if (existsSync(join(root, path))) cpSync(join(root, path), at(path), { recursive: true });
		}
		link(`packages/${name}/node_modules`);
	}
	mkdirSync(at('node_modules'));
	for (const entry of readdirSync(join(root, 'node_modules'), { withFileTypes: true })) {
		const path = `node_modules/${entry.name}`;
		// Ours are relative links to the workspaces: here they lead to the copies.
		if (entry.isSymbolicLink()) symlinkSync(readlinkSync(join(root, path)), at(path));
		else if (entry.name !== '@tappass') link(path);
	}
	mkdirSync(at('node_modules/@tappass'));
	for (const name of readdirSync(join(root, 'node_modules/@tappass')))
		symlinkSync(readlinkSync(join(root, 'node_modules/@tappass', name)), at(`node_modules/@tappass/${name}`));
}
