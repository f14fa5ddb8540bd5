/**
 * Every `sh` block of README.md and docs/*.md runs, in a copy of the checkout, page by page and in order; the files that a page
 * shows ("`packs/…`:" before a block) are written where it says. What does not run here is in the table below, with its reason.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cloneInto } from './support/clone.ts';
import { type ServerProcess, startServerProcess, Terminal } from './support/operator.ts';
import { runScript } from './support/plain-debian.ts';
import { root } from './support/repository.ts';

/** By page and the first line of the block. */
const exceptions: Readonly<Record<string, { readonly elsewhere: string } | { readonly exit: number }>> = {
	'README.md: bin/test': { elsewhere: 'bin/test runs this test, and bin/quickstart has its own' },
	'README.md: tappass policy apply --level org': {
		elsewhere: 'operator.service.test.ts and host.service.test.ts play these lines',
	},
	'README.md: bin/quickstart': { elsewhere: 'bin/quickstart has its own test' },
	'docs/quickstart.md: bin/quickstart          #': { elsewhere: 'demo.service.test.ts plays it' },
	'docs/quickstart.md: bin/quickstart --keep': { elsewhere: 'it is what the other blocks of the page run in' },
	// A revoked sandbox is not well.
	'docs/quickstart.md: tappass-host status': { exit: 1 },
	'docs/quickstart.md: tappass-host shell tenant_b -- node "$AGENT" call': { exit: 1 },
	'docs/writing-a-pack.md: mkdir -p packs/acme-mail/rules': { exit: 2 },
};

interface Block {
	readonly page: string;
	readonly language: string;
	readonly text: string;
	/** The file that it shows. */
	readonly file: string | undefined;
}

const pages = [
	'README.md',
	...readdirSync(join(root, 'docs'))
		.filter((name) => name.endsWith('.md'))
		.map((name) => `docs/${name}`),
];
const blocks = pages.flatMap((page): readonly Block[] => {
	const text = readFileSync(join(root, page), 'utf8');
	return [...text.matchAll(/(?:`([a-z][\w./-]+\/[\w.-]+)`:\n\n)?^```(\w+)\n(.*?)^```$/gms)].map(
		([, file, language, body]) => ({
			page,
			language: language!,
			text: body!,
			file,
		}),
	);
});
const isCommand = ({ language }: Block): boolean => ['sh', 'bash', 'shell', 'console'].includes(language);
const exceptionOf = ({ page, text }: Block): (typeof exceptions)[string] | undefined =>
	exceptions[Object.keys(exceptions).find((key) => `${page}: ${text}`.startsWith(key)) ?? ''];

let terminal: Terminal;
let server: ServerProcess;
let home: string;
let clone: string;

beforeAll(async () => {
	terminal = new Terminal();
	home = mkdtempSync(join(tmpdir(), 'tappass-readme-'));
	clone = join(home, 'clone');
	cloneInto(clone);
	mkdirSync(join(home, 'tmp'));
	server = await startServerProcess(terminal);
}, 180_000);
afterAll(async () => {
	await server.stop();
	terminal.close();
	rmSync(home, { recursive: true, force: true });
}, 60_000);

// The server runs already, on a free port; temporary files are this run's own.
function adapted(text: string): string {
	return text
		.replace(/^bin\/tappass server start\b.*$/gm, 'bin/tappass server status > /dev/null')
		.replaceAll('/tmp/', `${home}/tmp/`);
}

/** `bin/quickstart --keep`, set up and built already, in a temporary directory that sandboxes can pass through. */
async function startDemo(): Promise<{
	readonly adapted: (text: string) => string;
	readonly stop: () => Promise<void>;
}> {
	const temporary = join(home, 'demo');
	mkdirSync(temporary);
	for (const path of [home, temporary]) chmodSync(path, 0o711);
	const child = spawn(process.execPath, [join(root, 'quickstart', 'dist', 'main.js'), '--keep'], {
		env: { ...process.env, TMPDIR: temporary },
	});
	const ended = once(child, 'close') as Promise<[number | null]>;
	let output = '';
	const kept = new Promise<void>((resolve) => {
		for (const stream of [child.stdout, child.stderr])
			stream.setEncoding('utf8').on('data', (part: string) => {
				output += part;
				if (/^8 passed, 0 failed$/m.test(output)) resolve();
			});
	});
	await Promise.race([kept, ended]);
	expect(output).toMatch(/^8 passed, 0 failed$/m);
	const settings = /^ {4}\. (\/\S+\/env)$/m.exec(output)?.[1];
	expect(settings).toBeDefined();
	return {
		// As typed into one terminal: what was read in stays.
		adapted: (text) =>
			`. ${settings}\n${text.replace(/^\. \S+\/env$/m, '')}`
				.replaceAll('/tmp/my-', `${home}/tmp/my-`)
				.replaceAll('/tmp/audit-', `${home}/tmp/audit-`),
		stop: async () => {
			child.kill('SIGINT');
			expect((await ended)[0], output).toBe(0);
			expect(readdirSync(temporary)).toEqual([]);
		},
	};
}

describe('what the pages show', () => {
	test('is in a language that is known to run, or is no command', () => {
		expect(blocks.filter((block) => !isCommand(block) && !known.has(block.language))).toEqual([]);
		expect(blocks.filter(isCommand).length).toBeGreaterThan(5);
	});

	test('has no exception that nothing needs any more', () => {
		const used = new Set(blocks.filter(isCommand).map(exceptionOf));

		for (const [key, value] of Object.entries(exceptions))
			if (!key.startsWith('README.md: bin/')) expect(used.has(value), key).toBe(true);
	});

	for (const page of pages) {
		const own = blocks.filter((block) => block.page === page);
		if (!own.some(isCommand)) continue;
		test(`${page} runs from its first block to its last`, async () => {
			// A page about the demo runs in the demo.
			const demo = own.some(({ text }) => text.includes('--keep')) ? await startDemo() : undefined;
			// Who reads takes longer than who plays: what the demo did at first is half a minute old when its evidence is asked for.
			if (demo !== undefined) await sleep(20_000);
			try {
				for (const block of own) {
					if (block.file !== undefined && !isCommand(block)) {
						mkdirSync(dirname(join(clone, block.file)), { recursive: true });
						writeFileSync(join(clone, block.file), block.text);
					}
					const exception = exceptionOf(block);
					if (!isCommand(block) || (exception !== undefined && 'elsewhere' in exception)) continue;
					const env = demo === undefined ? { ...terminal.env, TAPPASS_SERVER: server.url } : process.env;
					const done = await runScript(demo?.adapted(block.text) ?? adapted(block.text), clone, env);
					expect(done.exit, `${page}\n${block.text}\n${done.stdout}${done.stderr}`).toBe(exception?.exit ?? 0);
				}
			} finally {
				await demo?.stop();
			}
		}, 300_000);
	}
});

const known: ReadonlySet<string> = new Set([
	'sh',
	'text',
	'json',
	'yaml',
	'rego',
	'ts',
	'markdown',
	'toml',
	'diff',
	'python',
]);
