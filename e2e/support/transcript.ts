/**
 * Transcripts: what a person types, and what comes back. A file holds scenes:
 *
 *     ## A title
 *     file policy.rego
 *     | package tappass.policy
 *     copy policies/baseline.rego
 *     $ tappass policy check policy.rego
 *     1| what is on stdout
 *     2| what is on stderr
 *     exit 2
 *
 * `…` in an expected line stands for any text; `exit 0` is left out. A scene runs in a new empty directory with the shipped
 * launchers; nothing goes through a shell.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { root } from './repository.ts';

export interface Scene {
	readonly title: string;
	readonly lines: readonly string[];
}
interface Run {
	readonly command: string;
	readonly expected: readonly string[];
}

/** Splits a transcript into its scenes. */
export function scenesOf(text: string): readonly Scene[] {
	return text
		.split(/^## /m)
		.slice(1)
		.map((part) => {
			const [title = '', ...lines] = part.trimEnd().split('\n');
			return { title, lines };
		});
}

/** Runs a scene and returns it with what really came back in place of what was expected, where the two differ. */
export function play(scene: Scene): { readonly expected: string; readonly actual: string } {
	const directory = mkdtempSync(join(tmpdir(), 'tappass-scene-'));
	try {
		const out: string[] = [];
		let at = 0;
		while (at < scene.lines.length) {
			const line = scene.lines[at]!;
			if (line.startsWith('file ')) at = writeScene(directory, scene.lines, at, out);
			else if (line.startsWith('copy ')) at = copyScene(directory, scene.lines, at, out);
			else if (line.startsWith('$ ')) at = runScene(directory, scene.lines, at, out);
			else {
				out.push(line);
				at += 1;
			}
		}
		return { expected: scene.lines.join('\n'), actual: out.join('\n') };
	} finally {
		rmSync(directory, { recursive: true, force: true });
	}
}

function writeScene(directory: string, lines: readonly string[], start: number, out: string[]): number {
	const path = join(directory, lines[start]!.slice(5).trim());
	let end = start + 1;
	while (lines[end]?.startsWith('|')) end += 1;
	const content = lines.slice(start + 1, end).map((line) => `${line.slice(2)}\n`);
	mkdirSync(dirname(path), { recursive: true });
	writeFileSync(path, content.join(''));
	out.push(...lines.slice(start, end));
	return end;
}

// A file or folder of the repository, at the same place in the scene's directory.
function copyScene(directory: string, lines: readonly string[], start: number, out: string[]): number {
	const path = lines[start]!.slice(5).trim();
	cpSync(join(root, path), join(directory, path), { recursive: true });
	out.push(lines[start]!);
	return start + 1;
}

function runScene(directory: string, lines: readonly string[], start: number, out: string[]): number {
	let end = start + 1;
	while (/^(?:[12]\||exit )/.test(lines[end] ?? '')) end += 1;
	const run: Run = { command: lines[start]!.slice(2), expected: lines.slice(start + 1, end) };
	out.push(`$ ${run.command}`, ...merge(run.expected, execute(directory, run.command)));
	return end;
}

function execute(directory: string, command: string): readonly string[] {
	const [name = '', ...args] = words(command);
	const { NO_COLOR: _, TAPPASS_DEBUG: __, ...env } = process.env;
	const done = spawnSync(join(root, 'bin', name), args, {
		cwd: directory,
		encoding: 'utf8',
		input: '',
		timeout: 60_000,
		env: { ...env, TZ: 'UTC', LANG: 'C.UTF-8' },
	});
	if (done.error !== undefined) throw done.error;
	const prefixed = (prefix: string, text: string): readonly string[] =>
		text === ''
			? []
			: text
					.replace(/\n$/, '')
					.split('\n')
					.map((line) => (line === '' ? prefix : `${prefix} ${line}`));
	return [
		...prefixed('1|', done.stdout),
		...prefixed('2|', done.stderr),
		...(done.status === 0 ? [] : [`exit ${done.status}`]),
	];
}

/** Words of a command line; single and double quotes group, nothing is expanded. */
function words(command: string): readonly string[] {
	return [...command.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
		([, single, double, bare]) => single ?? double ?? bare ?? '',
	);
}

/** Expected lines where they match, else the actual ones: a comparison then shows only what differs. */
function merge(expected: readonly string[], actual: readonly string[]): readonly string[] {
	return actual.map((line, index) =>
		expected[index] !== undefined && matches(expected[index], line) ? expected[index] : line,
	);
}

function matches(expected: string, actual: string): boolean {
	const parts = expected.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
	return new RegExp(`^${parts.join('.*')}$`).test(actual);
}
