/**
 * An evidence pack of a real server, verified by an auditor with the key of the log and Debian's programs: `VERIFY.md` is
 * followed as it stands. Whatever somebody does to the pack, a step fails: by itself, not only because of the manifest.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { firstKey, type ServerProcess, startServerProcess, Terminal } from './support/operator.ts';
import { plainDebian, runScript } from './support/plain-debian.ts';
import { startTimeAuthority, type TimeAuthority } from './support/time-authority.ts';

let ada: Terminal;
let server: ServerProcess;
let authority: TimeAuthority;
let home: string;
let pack: string;
let vkey: string;
let env: NodeJS.ProcessEnv;
let blocks: readonly string[];
let period: string;

beforeAll(async () => {
	ada = new Terminal();
	home = mkdtempSync(join(tmpdir(), 'tappass-evidence-'));
	env = plainDebian(home);
	authority = await startTimeAuthority(join(home, 'tsa'));
	server = await startServerProcess(ada);
	const signedIn = await ada.run(`tappass login --server ${server.url} --key-file -`, firstKey(ada));
	expect(signedIn.exit, signedIn.stderr).toBe(0);
	await succeeds('tappass team create early');
	const older = join(home, 'older');
	await firstOf(older);
	const from = new Date().toISOString();
	for (const line of [
		'policy apply --level org policies/baseline.rego --pack eu-ai-act',
		'dev seed-sandboxes --count 2 --policy customer-support',
		'team create blue',
	])
		await succeeds(`tappass ${line}`);
	await new Promise((resolve) => setTimeout(resolve, 1_100));
	const to = new Date().toISOString();
	await succeeds('tappass team create late');
	period = `--from ${from} --to ${to}`;
	const made = await untilSigned(
		`--framework eu-ai-act ${period} --since ${join(older, 'checkpoint')} --tsa ${authority.url} -o ${join(home, 'pack.tar')}`,
	);
	vkey = made.vkey;
	pack = join(home, 'pack');
	mkdirSync(pack);
	execFileSync('tar', ['-xf', join(home, 'pack.tar'), '-C', pack]);
	blocks = [...readFileSync(join(pack, 'VERIFY.md'), 'utf8').matchAll(/^~~~sh\n(.*?)^~~~$/gms)].map(
		([, text]) => text!,
	);
}, 180_000);
afterAll(async () => {
	await server.stop();
	await authority.stop();
	ada.close();
	rmSync(home, { recursive: true, force: true });
}, 60_000);

async function succeeds(line: string): Promise<string> {
	const done = await ada.run(line);
	expect(done.exit, `${line}\n${done.stderr}`).toBe(0);
	return done.stdout;
}
// A log has its first checkpoint a second after its first entry.
async function firstOf(directory: string): Promise<void> {
	for (let tries = 0; tries < 60 && !existsSync(join(directory, 'checkpoint')); tries += 1) {
		await ada.run(`tappass audit export -o ${directory}`);
		await new Promise((resolve) => setTimeout(resolve, 250));
	}
}
let waits = 0;
// Its checkpoint is one that was signed well after the period; each new team has one signed.
// biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects, and fails when it is not there.
async function untilSigned(words: string): Promise<any> {
	for (let tries = 0; tries < 60; tries += 1) {
		const made = await ada.json(`tappass audit export --evidence ${words}`);
		if (made.code !== 'not_found') {
			expect(made).toMatchObject({ schema: 'tappass.audit.evidence/1' });
			return made;
		}
		waits += 1;
		await succeeds(`tappass team create waiting-${waits}`);
		await new Promise((resolve) => setTimeout(resolve, 1_500));
	}
	throw new TypeError('no checkpoint was signed after the period');
}

const lineOf = (step: number): string => `ok ${step}: `;

describe('what is refused', () => {
	test.each([
		['--framework eu-ai-act -o x.tar', 'usage'],
		['--framework iso-9001 --from 1h --to 1m -o x.tar', 'usage'],
		['--framework soc2 --from yesterday --to 1m -o x.tar', 'usage'],
		['--framework soc2 --from 1m --to 1h -o x.tar', 'usage'],
		['--framework soc2 --from 1h --to 2100-01-01 -o x.tar', 'not_found'],
		['--framework soc2 --from 2001-01-01 --to 2001-01-02 -o x.tar', 'not_found'],
		['--framework soc2 --from 1h --to 1m --payloads -o x.tar', 'usage'],
	])('%s', async (words, code) => {
		const done = await ada.run(`tappass audit export --evidence ${words}`);

		expect(done, done.stderr).toMatchObject({ exit: 2, stdout: '' });
		expect(done.stderr).toContain(`[${code}]`);
	});

	test('to write over a pack', async () => {
		const done = await ada.run(
			`tappass audit export --evidence --framework soc2 ${period} -o ${join(home, 'pack.tar')}`,
		);

		expect(done, done.stderr).toMatchObject({ exit: 2, stdout: '' });
	});
});

interface Tampering {
	readonly what: string;
	/** The step that fails first. */
	readonly step: number;
	/** The step that would fail without the manifest. */
	readonly alone?: number;
	readonly change: (directory: string) => void;
	readonly env?: () => NodeJS.ProcessEnv;
}

const edit = (directory: string, file: string, change: (text: string) => string): void => {
	const path = join(directory, file);
	const before = readFileSync(path, 'utf8');
	const after = change(before);
	if (after === before) throw new TypeError(`nothing changed in ${file}`);
	writeFileSync(path, after);
};
const one = (directory: string, folder: string): string => {
	const found = readdirSync(join(directory, folder), { recursive: true, withFileTypes: true }).find((each) =>
		each.isFile(),
	);
	return join(found!.parentPath, found!.name).slice(directory.length + 1);
};
const indices = (directory: string): readonly number[] =>
	readdirSync(join(directory, 'proofs'))
		.map((name) => Number.parseInt(name, 10))
		.sort((a, b) => a - b);
// Takes an entry out as if it had never been there: its line and its proof.
const drop = (directory: string, at: number): void => {
	const all = indices(directory);
	rmSync(join(directory, 'proofs', `${all.at(at)}.tlog-proof`));
	edit(directory, 'entries.jsonl', (text) => `${text.trimEnd().split('\n').toSpliced(at, 1).join('\n')}\n`);
};
const inPayload = (directory: string, file: string, change: (text: string) => string): void =>
	edit(directory, file, (text) => {
		const envelope = JSON.parse(text);
		const payload = Buffer.from(envelope.payload, 'base64').toString();
		return JSON.stringify({ ...envelope, payload: Buffer.from(change(payload)).toString('base64') });
	});

const tamperings: readonly Tampering[] = [
	{
		what: 'the period in the claim is another',
		step: 2,
		change: (directory) => edit(directory, 'MANIFEST.note', (text) => text.replace(/Z$/m, '0Z').replace('20', '21')),
	},
	{
		what: 'someone else is to have signed it',
		step: 2,
		change: () => undefined,
		env: () => ({ VKEY: vkey.replace(/.{8}$/, 'AAAAAAA=') }),
	},
	{
		what: 'the table of clauses says more',
		step: 3,
		change: (directory) => edit(directory, 'clauses.json', (text) => text.replace('partial', 'full')),
	},
	{
		what: 'a file is listed anew with its new hash',
		step: 3,
		change: (directory) => {
			writeFileSync(join(directory, 'clauses.md'), 'all is well\n');
			const sum = execFileSync('sha256sum', ['clauses.md'], { cwd: directory, encoding: 'utf8' });
			edit(directory, 'MANIFEST', (text) => text.replace(/^.* {2}clauses\.md\n/m, sum));
		},
	},
	{ what: 'a file was put in', step: 3, change: (directory) => writeFileSync(join(directory, 'policy/more'), 'x') },
	{ what: 'a file is gone', step: 3, change: (directory) => rmSync(join(directory, 'clauses.md')) },
	{
		what: 'an entry was changed',
		step: 3,
		alone: 4,
		change: (directory) => edit(directory, 'entries.jsonl', (text) => text.replace('"allow"', '"block"')),
	},
	{ what: 'an entry was left out', step: 3, alone: 4, change: (directory) => drop(directory, 2) },
	{
		what: 'the last entries of the period were left out',
		step: 3,
		alone: 4,
		change: (directory) => {
			drop(directory, -1);
		},
	},
	{
		what: 'the first entries of the period were left out',
		step: 3,
		alone: 4,
		change: (directory) => {
			drop(directory, 0);
		},
	},
	{
		what: 'the checkpoint is an older one',
		step: 3,
		alone: 4,
		change: (directory) => cpSync(join(directory, 'older/checkpoint'), join(directory, 'checkpoint')),
	},
	{
		what: 'the older checkpoint is of another log',
		step: 3,
		alone: 4,
		change: (directory) =>
			edit(directory, 'older/consistency', (text) => text.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))),
	},
	{
		what: 'a root document has one signature less than it needs',
		step: 3,
		alone: 5,
		change: (directory) =>
			edit(directory, 'roots/1.json', (text) => {
				const envelope = JSON.parse(text);
				return JSON.stringify({ ...envelope, signatures: envelope.signatures.slice(0, 1) });
			}),
	},
	{
		what: 'a root document has other words',
		step: 3,
		alone: 5,
		change: (directory) =>
			inPayload(directory, 'roots/1.json', (text) => text.replace('"threshold":2', '"threshold":1')),
	},
	{
		what: 'a statement allows more',
		step: 3,
		alone: 6,
		change: (directory) =>
			inPayload(directory, one(directory, 'policy/statements'), (text) => text.replace('"allow":[', '"allow":["**",')),
	},
	{
		what: 'a statement was left out',
		step: 3,
		alone: 6,
		change: (directory) => rmSync(join(directory, one(directory, 'policy/statements'))),
	},
	{
		what: 'a Because trail names someone else',
		step: 3,
		alone: 6,
		change: (directory) =>
			edit(directory, one(directory, 'policy/compiled'), (text) => text.replace('"kind"', '"kinds"')),
	},
	{
		what: 'a source reads otherwise',
		step: 3,
		alone: 6,
		change: (directory) => edit(directory, one(directory, 'policy/sources'), (text) => `${text}\n`),
	},
	{
		what: 'the time stamp is gone',
		step: 7,
		change: (directory) => rmSync(join(directory, 'timestamp.tsr')),
	},
];

describe('an auditor with the key and Debian', () => {
	test('has nothing of ours on the PATH', async () => {
		const { exit, stdout } = await runScript('type -P node npm tappass tappass-agent || true', home, env);

		expect({ exit, stdout }).toEqual({ exit: 0, stdout: '' });
	});

	test('follows VERIFY.md to its end, as it says', async () => {
		// The command of the page itself, in a shell of the same environment.
		const extract = readFileSync(join(pack, 'VERIFY.md'), 'utf8').match(/^ {4}(sed -n .*verify\.sh)$/m)![1]!;
		const done = await runScript(`${extract}\nbash -eu ../verify.sh\n`, pack, {
			...env,
			VKEY: vkey,
			TSA_CA: authority.ca,
		});

		expect(done.exit, done.stderr + done.stdout).toBe(0);
		for (let step = 1; step <= 7; step += 1) expect(done.stdout).toContain(lineOf(step));
		expect(done.stdout).toMatch(/\d+ entries, \d+ to \d+, of a log of \d+\ncontinues the checkpoint of \d+ entries\n/);
		expect(done.stdout).toContain('ok 6: 2 statements');
		expect(done.stdout.trimEnd().split('\n').at(-1)).toBe('the pack is what its key signed');
		// Go compiles its own library here, once for all.
	}, 400_000);

	test.each(tamperings)('notices that $what', async ({ step, alone, change, env: more }) => {
		const directory = mkdtempSync(join(home, 'tampered-'));
		cpSync(pack, directory, { recursive: true });
		change(directory);
		const given = { ...env, VKEY: vkey, TSA_CA: authority.ca, ...more?.() };
		const whole = await runScript(blocks.join(''), directory, given);

		expect(whole.exit, whole.stdout).not.toBe(0);
		expect(whole.stdout).not.toContain(lineOf(step));
		if (step > 1) expect(whole.stdout).toContain(lineOf(step - 1));
		if (alone === undefined) return;
		const others = await runScript(blocks.toSpliced(2, 1).join(''), directory, given);
		expect(others.exit, others.stdout).not.toBe(0);
		expect(others.stdout).not.toContain(lineOf(alone));
		if (alone > 4) expect(others.stdout).toContain(lineOf(alone - 1));
	});

	test('refuses a time stamp over something else', async () => {
		const directory = mkdtempSync(join(home, 'tampered-'));
		cpSync(pack, directory, { recursive: true });
		const query = execFileSync('openssl', ['ts', '-query', '-data', join(pack, 'MANIFEST'), '-sha256', '-cert']);
		const answer = await fetch(authority.url, { method: 'POST', body: new Uint8Array(query) });
		writeFileSync(join(directory, 'timestamp.tsr'), Buffer.from(await answer.arrayBuffer()));
		const done = await runScript(blocks.join(''), directory, { ...env, VKEY: vkey, TSA_CA: authority.ca });

		expect(done.exit).not.toBe(0);
		expect(done.stdout).toContain(lineOf(6));
		expect(done.stdout).not.toContain(lineOf(7));
	});
});

describe('a pack', () => {
	test('has the same bytes each time, whatever has happened since', async () => {
		const [first, second] = ['first.tar', 'second.tar'].map((name) => join(home, name)) as [string, string];
		for (const file of [first, second])
			await succeeds(`tappass audit export --evidence --framework soc2 ${period} -o ${file}`);

		expect(readFileSync(first).equals(readFileSync(second))).toBe(true);
	});

	test('leads from clauses to rules that were in force, and says what is not covered', () => {
		const table = JSON.parse(readFileSync(join(pack, 'clauses.json'), 'utf8'));
		const article = table.clauses.find(({ clause }: { clause: string }) => clause === 'Art. 12(1)-(2)');

		expect(article).toMatchObject({ covered: 'full', seen: true });
		for (const { rule, compiled } of article.rules) {
			expect(compiled, rule).not.toEqual([]);
			for (const sha256 of compiled) expect(existsSync(join(pack, `policy/compiled/${sha256}.json`))).toBe(true);
		}
		expect(readFileSync(join(pack, 'clauses.md'), 'utf8')).toContain('- Art. 27: ');
	});

	test.each(['soc2', 'nist-ai-rmf', 'iso-42001'])('of %s is honest about a framework that has no Pack', async (id) => {
		const file = join(home, `${id}.tar`);
		await succeeds(`tappass audit export --evidence --framework ${id} ${period} -o ${file}`);
		const table = JSON.parse(execFileSync('tar', ['-xOf', file, 'clauses.json'], { encoding: 'utf8' }));

		expect(table.clauses.length).toBeGreaterThan(0);
		expect(table.clauses.every(({ covered }: { covered: string }) => covered === 'partial')).toBe(true);
		expect(table.not_covered[0].reason).toContain('every other criterion is not covered');
	});

	test('holds no key and no token', () => {
		const text = readFileSync(join(home, 'pack.tar'), 'latin1');

		for (const secret of [firstKey(ada), 'tappass_sk_', 'PRIVATE KEY'])
			expect(text.includes(secret), secret).toBe(false);
	});

	test('that was signed is on the log', async () => {
		const { items } = await ada.json('tappass audit query --type evidence.*');

		expect(new Set(items.map(({ type }: { type: string }) => type))).toEqual(
			new Set(['evidence.collected', 'evidence.signed']),
		);
	});
});

describe('when the key of the log was rotated since', () => {
	let after: string;
	let newKey: string;
	beforeAll(async () => {
		const keys = join(ada.directory, 'data', 'tappass', 'server', 'root-keys');
		const two = [1, 2].map((number) => `--root-key ${join(keys, `root-${number}.pem`)}`).join(' ');
		await succeeds(`tappass admin key rotate audit ${two} --passphrase-file ${join(keys, 'passphrase')}`);
		// The pack of before stands on a checkpoint that the old key signed; there must be one by the new key.
		const made = await untilSigned(
			`--framework eu-ai-act ${period} --since ${join(home, 'older', 'checkpoint')} --since-vkey ${vkey} -o ${join(home, 'after.tar')}`,
		);
		newKey = made.vkey;
		after = join(home, 'after');
		mkdirSync(after);
		execFileSync('tar', ['-xf', join(home, 'after.tar'), '-C', after]);
	}, 180_000);

	test('a pack of a period before is verified with the new key, and continues what the old one signed', async () => {
		const done = await runScript(blocks.join(''), after, { ...env, VKEY: newKey, SINCE_VKEY: vkey });

		expect(newKey).not.toBe(vkey);
		expect(done.exit, done.stderr + done.stdout).toBe(0);
		expect(done.stdout).toMatch(/continues the checkpoint of \d+ entries\n/);
		expect(done.stdout).toMatch(/ok 5: 2 root documents/);
	}, 400_000);

	test.each([
		['the old key alone', 2, () => ({ VKEY: vkey })],
		['the new key alone', 4, () => ({ VKEY: newKey })],
		['a key for the older checkpoint that did not sign it', 4, () => ({ VKEY: newKey, SINCE_VKEY: newKey })],
	])(
		'it is not with %s',
		async (_what, step, given) => {
			const done = await runScript(blocks.join(''), after, { ...env, ...given() });

			expect(done.exit, done.stdout).not.toBe(0);
			expect(done.stdout).not.toContain(lineOf(step));
			expect(done.stdout).toContain(lineOf(step - 1));
		},
		400_000,
	);

	test('the pack of before verifies as it did', async () => {
		const done = await runScript(blocks.join(''), pack, { ...env, VKEY: vkey });

		expect(done.exit, done.stderr + done.stdout).toBe(0);
	}, 400_000);

	test('an older checkpoint is refused with another key than its own', async () => {
		const line = `tappass audit export --evidence --framework soc2 ${period} --since ${join(home, 'older', 'checkpoint')}`;
		const done = await ada.run(`${line} -o ${join(home, 'none.tar')}`);

		expect(done, done.stderr).toMatchObject({ exit: 3, stdout: '' });
		expect(existsSync(join(home, 'none.tar'))).toBe(false);
	});
});
