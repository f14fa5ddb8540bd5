/** An environment with Debian's programs and nothing else: a PATH of links, an empty home, no variable of ours. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

const programs = [
	...['awk', 'base64', 'basename', 'bash', 'cat', 'cut', 'diff', 'find', 'go', 'grep', 'head', 'jq', 'mkdir', 'mktemp'],
	...['openssl', 'printf', 'rm', 'sed', 'sha256sum', 'sort', 'stat', 'tail', 'tar', 'wc'],
];
const sumdb = 'golang.org/x/mod/sumdb';

/** Makes one below a directory. @throws when this machine lacks a program or Go's sumdb packages */
export function plainDebian(directory: string): NodeJS.ProcessEnv {
	const [bin, home, gopath] = ['bin', 'home', 'gopath'].map((name) => join(directory, name)) as [
		string,
		string,
		string,
	];
	for (const each of [bin, home]) mkdirSync(each, { recursive: true });
	for (const name of programs) {
		const found = execFileSync('bash', ['-c', `type -P ${name}`], { encoding: 'utf8' }).trim();
		symlinkSync(found, join(bin, name));
	}
	const goroot = execFileSync('go', ['env', 'GOROOT'], { encoding: 'utf8' }).trim();
	// Where Debian has them, or the copies that a Go distribution carries for its own module client.
	const place = ['/usr/share/gocode/src', join(goroot, 'src/cmd/vendor')].find((one) => existsSync(join(one, sumdb)));
	if (place === undefined) throw new TypeError('no Go sumdb packages: install golang-golang-x-mod-dev');
	for (const name of ['note', 'tlog'])
		cpSync(join(place, sumdb, name), join(gopath, 'src', sumdb, name), { recursive: true });
	return { PATH: bin, HOME: home, SUMDB: gopath, GOCACHE: join(directory, 'cache'), LC_ALL: 'C.UTF-8' };
}

/** Runs a script with `bash -eu` in a directory. */
export async function runScript(
	script: string,
	cwd: string,
	env: NodeJS.ProcessEnv,
): Promise<{ readonly exit: number | null; readonly stdout: string; readonly stderr: string }> {
	const child = spawn('bash', ['-eu', '-s'], { cwd, env });
	let [stdout, stderr] = ['', ''];
	child.stdout.setEncoding('utf8').on('data', (part: string) => (stdout += part));
	child.stderr.setEncoding('utf8').on('data', (part: string) => (stderr += part));
	child.stdin.on('error', () => undefined).end(script);
	const [exit] = (await once(child, 'close')) as [number | null];
	return { exit, stdout, stderr };
}
