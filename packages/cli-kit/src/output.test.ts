import { execFileSync, spawnSync } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TapPassError } from '@tappass/core';
import { describe, expect, test } from 'vitest';
import { note, printAnswer, printFailure, surviveBrokenOutput } from './output.ts';
import { startProgress } from './progress.ts';
import { readBounded } from './read-file.ts';
import { createTerminal, printable, type Terminal, type TerminalOptions } from './terminal.ts';

function capture(options: Partial<TerminalOptions> & { tty?: boolean } = {}): {
	terminal: Terminal;
	out: () => string;
	err: () => string;
} {
	const texts = { out: '', err: '' };
	const stream = (key: 'out' | 'err'): { isTTY: boolean; write: (text: string) => boolean } => ({
		isTTY: options.tty ?? false,
		write: (text) => {
			texts[key] += text;
			return true;
		},
	});
	const terminal = createTerminal({
		name: 'tappass',
		env: {},
		...options,
		stdout: stream('out') as never,
		stderr: stream('err') as never,
	});
	return { terminal, out: () => texts.out, err: () => texts.err };
}

describe('a failure', () => {
	const error = new TapPassError('policy_invalid', {
		detail: '1 fault',
		hint: 'mend it',
		diagnostics: [{ code: 'schema_invalid', message: 'bad\u001b[31m', file: 'a.yaml', row: 1, col: 2 }],
	});

	test('leaves stdout empty and speaks on stderr, escape sequences made harmless', () => {
		const { terminal, out, err } = capture();
		expect(printFailure(terminal, error)).toBe(2);
		expect(out()).toBe('');
		expect(err()).toBe(
			'a.yaml:1:2: schema_invalid: bad\\u001b[31m\ntappass: error: The policy has errors: 1 fault [policy_invalid]\ntappass: hint: mend it\n',
		);
	});

	test('is one problem object on stderr in JSON mode', () => {
		const { terminal, out, err } = capture({ json: true });
		expect(printFailure(terminal, error)).toBe(2);
		expect(out()).toBe('');
		expect(JSON.parse(err())).toMatchObject({ code: 'policy_invalid', status: 422, diagnostics: [{ row: 1 }] });
	});

	test('of ours shows nothing of its message unless asked', () => {
		const quiet = capture();
		expect(printFailure(quiet.terminal, new Error('secret'))).toBe(70);
		expect(quiet.err()).not.toContain('secret');
		const loud = capture();
		printFailure(loud.terminal, new Error('secret'), true);
		expect(loud.err()).toContain('secret');
	});
});

describe('an answer', () => {
	const answer = { schema: 'tappass.x/1', fields: { a: 1 }, text: 'a is 1' };
	test('is text for people and one object for programs', () => {
		const people = capture();
		expect(printAnswer(people.terminal, answer)).toBe(0);
		expect(people.out()).toBe('a is 1\n');
		const programs = capture({ json: true });
		expect(printAnswer(programs.terminal, { ...answer, exit: 1 })).toBe(1);
		expect(programs.out()).toBe('{"schema":"tappass.x/1","a":1}\n');
		expect(programs.err()).toBe('');
	});
	test('begins with its own schema, whatever its fields bring along', () => {
		for (const schema of [undefined, 'tappass.theirs/1']) {
			const { terminal, out } = capture({ json: true });
			printAnswer(terminal, { ...answer, fields: { schema, a: 1 } });
			expect(out()).toBe('{"schema":"tappass.x/1","a":1}\n');
		}
	});
	test('holds no escape sequence but those of its own style', () => {
		const text = `\u001b[31mred\u001b[39m \u001b]0;title\u0007 \u001b[8m`;
		const plain = capture();
		printAnswer(plain.terminal, { ...answer, text });
		expect(plain.out()).not.toContain('\u001b');
		const colored = capture({ tty: true });
		printAnswer(colored.terminal, { ...answer, text });
		expect(colored.out()).toBe('\u001b[31mred\u001b[39m \\u001b]0;title\\u0007 \\u001b[8m\n');
	});
	test('that is a file stays as it is', () => {
		const { terminal, out } = capture();
		printAnswer(terminal, { ...answer, text: 'a\u200b\n', verbatim: true });
		expect(out()).toBe('a\u200b\n');
	});
});

describe('colour', () => {
	test.each([
		['no terminal', { tty: false }],
		['NO_COLOR', { tty: true, env: { NO_COLOR: '1' } }],
		['TERM=dumb', { tty: true, env: { TERM: 'dumb' } }],
		['--no-color', { tty: true, color: false }],
	])('is off with %s', (_, options) => {
		expect(capture(options).terminal.style.red('x')).toBe('x');
	});
	test('is on at a terminal, also with an empty NO_COLOR', () => {
		expect(capture({ tty: true, env: { NO_COLOR: '' } }).terminal.style.red('x')).toBe('\u001b[31mx\u001b[39m');
	});
});

test('notes and progress are silent for programs and never on stdout', () => {
	const programs = capture({ json: true });
	note(programs.terminal, 'warning', 'w');
	startProgress(programs.terminal, 'p').stop('done');
	expect(programs.err()).toBe('');
	const people = capture();
	note(people.terminal, 'warning', 'w');
	const progress = startProgress(people.terminal, 'working');
	progress.update('soon again');
	progress.stop('done');
	expect(people.err()).toBe('tappass: warning: w\ntappass: working\ntappass: done\n');
	expect(people.out()).toBe('');
	const tty = capture({ tty: true });
	const spinner = startProgress(tty.terminal, 'working');
	spinner.stop();
	expect(tty.err()).toMatch(/working/);
	expect(tty.err().endsWith('\r\u001b[2K')).toBe(true);
});

test('direction overrides and control characters become visible', () => {
	expect(printable('a\u202eb\u0007\tc\n')).toBe('a\\u202eb\\u0007\tc\n');
	// What a person does not see and a model reads: zero width, tags, variation selectors.
	expect(printable('a\u200bb\u{e0041}\u{e0100}')).toBe('a\\u200bb\\udb40\\udc41\\udb40\\udd00');
	expect(JSON.parse(`"${printable('a\u200bb\u{e0041}')}"`)).toBe('a\u200bb\u{e0041}');
	expect(printable('Zoë 名前 👍️')).toBe('Zoë 名前 👍️');
});

test('reads no more than it was told to', async () => {
	const directory = await mkdtemp(join(tmpdir(), 'tappass-read-'));
	try {
		await writeFile(join(directory, 'f'), 'x'.repeat(100));
		await expect(readBounded(join(directory, 'f'), 99)).rejects.toMatchObject({ code: 'payload_too_large' });
		await expect(readBounded('/proc/kallsyms', 10)).rejects.toMatchObject({ code: 'payload_too_large' });
		await expect(readBounded(directory, 10)).rejects.toMatchObject({ code: 'file_unreadable' });
		await expect(readBounded(join(directory, 'none'), 10)).rejects.toMatchObject({ code: 'file_unreadable' });
		expect((await readBounded(join(directory, 'f'), 100)).byteLength).toBe(100);
	} finally {
		await rm(directory, { recursive: true });
	}
});

test.each(['a named pipe that nobody writes to', '/dev/zero', '/proc/self/mem'])('refuses to read %s', async (name) => {
	const directory = await mkdtemp(join(tmpdir(), 'tappass-read-'));
	const path = name.startsWith('/') ? name : join(directory, 'pipe');
	try {
		if (!name.startsWith('/')) execFileSync('mkfifo', [path]);
		await expect(readBounded(path, 10_000)).rejects.toMatchObject({ code: 'file_unreadable' });
	} finally {
		await rm(directory, { recursive: true });
	}
});

test('a spinner leaves its line when the program is interrupted', () => {
	const script = `
		import { startProgress } from ${JSON.stringify(join(import.meta.dirname, 'progress.ts'))};
		import { createTerminal } from ${JSON.stringify(join(import.meta.dirname, 'terminal.ts'))};
		const stderr = { isTTY: true, write: (text) => process.stdout.write(text) };
		startProgress(createTerminal({ name: 'x', env: {}, stderr }), 'waiting');
		process.exit(130);
	`;
	const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
	expect(status).toBe(130);
	expect(stdout).toMatch(/waiting\r\u001b\[2K$/);
});

describe('escapes from outside', () => {
	const hostile = 'a\u009b31m\u202eb';
	test('do not reach a screen as JSON either, and read back as they were', () => {
		const { terminal, out, err } = capture({ json: true });
		printAnswer(terminal, { schema: 's', fields: { hostile }, text: '' });
		printFailure(terminal, new TapPassError('usage', { detail: hostile }));
		expect(out() + err()).not.toMatch(/[\u0080-\u009f\u202e]/);
		expect(JSON.parse(out())).toMatchObject({ hostile });
		expect(JSON.parse(err())).toMatchObject({ detail: hostile });
	});
	test('do not reach it in progress, nor in the stack of a bug', () => {
		const { terminal, err } = capture();
		startProgress(terminal, hostile).stop(hostile);
		printFailure(terminal, new Error(hostile), true);
		expect(err()).not.toMatch(/[\u0080-\u009f\u202e]/);
	});
});

test('each stream is coloured by what it is itself', () => {
	const screen = { isTTY: true, write: () => true } as never;
	const file = { isTTY: false, write: () => true } as never;
	const { style, errorStyle } = createTerminal({ name: 'tappass', env: {}, stdout: file, stderr: screen });
	expect([style.red('x'), errorStyle.red('x')]).toEqual(['x', '\u001b[31mx\u001b[39m']);
});

describe('output that cannot be written', () => {
	const broken = (code: string): { exitCode: number; err: string } => {
		const program = { stdout: new EventEmitter(), stderr: new EventEmitter(), exitCode: 0 };
		const { terminal, err } = capture();
		surviveBrokenOutput(terminal, program as never);
		program.stdout.emit('error', Object.assign(new Error(code), { code }));
		program.stderr.emit('error', new Error('EPIPE'));
		return { exitCode: program.exitCode, err: err() };
	};
	test('is a failure when the disk is full', () => {
		const { exitCode, err } = broken('ENOSPC');
		expect(exitCode).toBe(5);
		expect(err).toMatch(/standard output: ENOSPC, no space left on device \[file_unwritable\]/);
	});
	test('is none when the reader has seen enough', () => {
		expect(broken('EPIPE')).toEqual({ exitCode: 0, err: '' });
	});
});

test('a system error is named, and said in words', () => {
	const said = (detail: string): string => {
		const written: string[] = [];
		const stream = { isTTY: false, write: (text: string) => written.push(text) > 0 };
		const terminal = createTerminal({ name: 'x', stdout: stream as never, stderr: stream as never });
		printFailure(terminal, new TapPassError('file_unreadable', { detail }));
		return written.join('');
	};

	expect(said('/a: ENOENT')).toContain('/a: ENOENT, no such file or directory [file_unreadable]');
	expect(said('/a: EACCES')).toContain('EACCES, permission denied [');
	expect(said('/a: EVERYTHING')).toContain('/a: EVERYTHING [');
	expect(said('/a: ENOENT of old')).toContain('/a: ENOENT of old [');
});
