/**
 * Builds the checker in `checker/` with whatever Go this machine has and Go's own `sumdb` packages: those of Debian's
 * golang-golang-x-mod-dev, or the copies that a Go distribution carries for its own module client. No network, no module.
 */
import { execFile } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from '../support/repository.ts';

const run = promisify(execFile);
const packages = ['golang.org/x/mod/sumdb/note', 'golang.org/x/mod/sumdb/tlog'];

/** What the checker said. */
export interface CheckerAnswer {
	readonly exit: number;
	readonly stdout: string;
	readonly stderr: string;
}

/** Checks a log: its directory, its verifier key, and an older checkpoint's path. */
export type GoChecker = (directory: string, vkey: string, older?: string) => Promise<CheckerAnswer>;

/** Builds it below a directory that is empty. */
export async function buildGoChecker(directory: string): Promise<GoChecker> {
	const env = { ...process.env, GO111MODULE: 'off', GOFLAGS: '', GOPROXY: 'off', CGO_ENABLED: '0' };
	const goroot = (await run('go', ['env', 'GOROOT'], { env })).stdout.trim();
	const places = ['/usr/share/gocode/src', join(goroot, 'src/cmd/vendor')];
	const place = places.find((one) => packages.every((name) => existsSync(join(one, name))));
	if (place === undefined)
		throw new Error(`no Go sumdb packages in ${places.join(' or ')}: install golang-golang-x-mod-dev`);
	for (const name of packages) cpSync(join(place, name), join(directory, 'src', name), { recursive: true });
	mkdirSync(join(directory, 'src/checker'), { recursive: true });
	copyFileSync(join(root, 'e2e/audit/checker/main.go'), join(directory, 'src/checker/main.go'));
	const program = join(directory, 'checker');
	await run('go', ['build', '-o', program, 'checker'], {
		cwd: directory,
		env: { ...env, GOPATH: directory },
	});
	return (log, vkey, older) =>
		new Promise((resolve) =>
			execFile(program, older === undefined ? [log, vkey] : [log, vkey, older], (error, stdout, stderr) =>
				resolve({ exit: error === null ? 0 : Number(error.code), stdout, stderr }),
			),
		);
}
