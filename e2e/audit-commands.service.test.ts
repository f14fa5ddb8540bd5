/** The audit commands against a real server: what an auditor at a terminal asks, takes away, checks, and has erased. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Done, firstKey, type ServerProcess, startServerProcess, Terminal } from './support/operator.ts';
import { root } from './support/repository.ts';

let ada: Terminal;
let stranger: Terminal;
let server: ServerProcess;

beforeAll(async () => {
	ada = new Terminal();
	stranger = new Terminal();
	server = await startServerProcess(ada);
	const signedIn = await ada.run(`tappass login --server ${server.url} --key-file -`, firstKey(ada));
	expect(signedIn.exit, signedIn.stderr).toBe(0);
	for (const name of ['blue', 'green']) await succeeds(`tappass team create ${name}`);
	await succeeds('tappass member add grace@navy.example --team blue --role auditor');
	await settled();
});
afterAll(async () => {
	await server.stop();
	ada.close();
	stranger.close();
});

async function succeeds(line: string): Promise<string> {
	const done = await ada.run(line);
	expect(done.exit, `${line}\n${done.stderr}`).toBe(0);
	return done.stdout;
}
const refused = (done: Done, exit: number, code: string): void => {
	expect(done, done.stderr).toMatchObject({ exit, stdout: '' });
	expect(done.stderr).toContain(`[${code}]`);
};
/** Waits until what was recorded has its index and a checkpoint stands for it. */
async function settled(): Promise<void> {
	const before = await newest();
	await succeeds('tappass member list');
	while ((await newest()) !== before || before < 5) await new Promise((resolve) => setTimeout(resolve, 200));
	await new Promise((resolve) => setTimeout(resolve, 1_500));
}
async function newest(): Promise<number> {
	const { items } = await ada.json('tappass audit query --limit 1');
	return items[0]?.index ?? -1;
}
const at = (name: string): string => join(ada.directory, name);
function textBelow(directory: string): string {
	return readdirSync(directory, { recursive: true, withFileTypes: true })
		.filter((entry) => entry.isFile())
		.map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
		.join('\n');
}

describe('what is refused', () => {
	test.each(['query', 'tail', 'export -o /nowhere', 'erase x --legal-basis a --yes'])(
		'%s of someone who is not signed in',
		async (words) => {
			refused(await stranger.run(`tappass audit ${words} --server ${server.url}`), 4, 'unauthenticated');
		},
	);

	test.each([
		['query --since yesterday', 'usage'],
		['query --decision maybe', 'usage'],
		['tail --since now', 'usage'],
		['export', 'usage'],
		['export -o out --proof last', 'usage'],
		['erase --legal-basis gdpr-art-17 --yes', 'usage'],
		['erase 0192d3a4-5b6c-7def-8123-456789abcdef --legal-basis gdpr-art-17', 'usage'],
		['erase 0192d3a4-5b6c-7def-8123-456789abcdef --legal-basis gdpr-art-17 --yes', 'not_found'],
		['verify out', 'usage'],
		['verify ftp://logs.acme.example --vkey a+00000000+AAAA', 'key_invalid'],
	])('%s', async (words, code) => {
		const exit = code === 'key_invalid' ? 3 : 2;
		refused(await ada.run(`tappass audit ${words}`), exit, code);
	});

	test('an export into a directory with other things in it', async () => {
		mkdirSync(at('mine'));
		writeFileSync(join(at('mine'), 'diary.txt'), 'dear diary');

		refused(await ada.run(`tappass audit export -o ${at('mine')}`), 2, 'usage');
		expect(readdirSync(at('mine'))).toEqual(['diary.txt']);
	});
});

describe('what is asked', () => {
	test('finds what was done, by type, actor and time, newest first', async () => {
		const all = await ada.json('tappass audit query --type team.*');
		const members = await ada.json('tappass audit query --type member.put --since 1h --limit 1');

		expect(all.items.map(({ type }: { type: string }) => type)).toEqual(['team.created', 'team.created']);
		expect(all.items[0].index).toBeGreaterThan(all.items[1].index);
		expect(members.items).toHaveLength(1);
		const by = await ada.json(`tappass audit query --actor ${members.items[0].actor} --type member.put --limit 1`);
		expect(by.items).toEqual(members.items);
		expect(await succeeds('tappass audit query --type team.deleted')).toBe('Nothing matches.\n');
		expect(await succeeds('tappass audit query --type team.created')).toMatch(/^INDEX +TIME +TYPE .*\n.*team\.created/);
	});

	test('goes on from the cursor of the answer before', async () => {
		const first = await ada.json('tappass audit query --since 0 --limit 2');
		const second = await ada.json(`tappass audit query --since ${first.cursor} --limit 2`);
		const indices = [...first.items, ...second.items].map(({ index }: { index: number }) => index);

		expect(indices).toEqual([1, 2, 3, 4]);
	});

	test('is followed, each entry a line as it comes', async () => {
		const child = spawn(join(root, 'bin/tappass'), ['audit', 'tail', '--type', 'team.*', '-n', '1', '--json'], {
			cwd: root,
			env: ada.env,
			stdio: ['ignore', 'pipe', 'inherit'],
		});
		const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
		const first = JSON.parse((await lines.next()).value as string);
		await succeeds('tappass team create red');
		const second = JSON.parse((await lines.next()).value as string);
		child.kill('SIGINT');
		await once(child, 'exit');

		expect(first).toMatchObject({ schema: 'tappass.audit.tail/1', type: 'team.created' });
		expect(second.index).toBeGreaterThan(first.index);
		expect(await succeeds('tappass audit tail -n 2 --no-follow --type team.*')).toMatch(/^.*team\.created.*\n.*\n$/);
	});
});

describe('a log at its server, which shows it to those only who may read it', () => {
	const log = async (): Promise<{ readonly url: string; readonly vkey: string }> => {
		const { org_id } = await ada.json('tappass whoami');
		const { vkey } = await ada.json(`tappass audit export -o ${at(`copy-${Math.random()}`)}`);
		return { url: `${server.url}/audit/${org_id}`, vkey };
	};

	test('is verified by an operator who is signed in, and by an auditor with a key of his own', async () => {
		const { url, vkey } = await log();
		const key = at('auditor.key');
		await succeeds(`tappass key create auditor --scope audit.read --out ${key}`);
		const env = { TAPPASS_SERVER: server.url, TAPPASS_KEY_FILE: key };

		expect(await ada.json(`tappass audit verify ${url} --vkey ${vkey}`)).toMatchObject({ verified: true });
		const done = await stranger.run(`tappass audit verify ${url} --vkey ${vkey}`, '', { env });
		expect(done, done.stderr).toMatchObject({ exit: 0 });
	});

	test('is refused to someone without a key, who is told what to do', async () => {
		const { url, vkey } = await log();
		const done = await stranger.run(`tappass audit verify ${url} --vkey ${vkey}`);

		refused(done, 4, 'unauthenticated');
		expect(done.stderr).toContain(`tappass login --server ${server.url}`);
	});

	test('a key goes to no other address, whatever it looks like', async () => {
		const { vkey } = await log();
		const seen: unknown[] = [];
		const other = createServer((req, res) => {
			seen.push(req.headers.authorization);
			res.writeHead(404).end();
		});
		await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
		const { port } = other.address() as AddressInfo;
		const env = { TAPPASS_SERVER: server.url, TAPPASS_API_KEY: firstKey(ada) };
		const done = await ada.run(`tappass audit verify http://127.0.0.1:${port}/audit/org_acme01 --vkey ${vkey}`, '', {
			env,
		});
		await new Promise((resolve) => other.close(resolve));

		refused(done, 3, 'audit_incomplete');
		expect(seen).toEqual([undefined]);
	});
});

describe('what is taken away', () => {
	test('verifies anywhere, continues what was taken before, and never has a secret in clear', async () => {
		const out = at('export');
		const { size, vkey } = await ada.json(`tappass audit export -o ${out} --proof 0`);
		const checked = await stranger.json(`tappass audit verify ${out} --vkey ${vkey}`);
		const before = at('before.checkpoint');
		writeFileSync(before, readFileSync(join(out, 'checkpoint')));
		await succeeds('tappass team create yellow');
		await settled();
		const again = await ada.json(`tappass audit export -o ${out}`);
		const since = await stranger.json(`tappass audit verify ${out} --vkey ${join(out, 'vkey')} --since ${before}`);

		expect(checked).toMatchObject({ verified: true, size, payloads: 0 });
		expect(existsSync(join(out, 'proofs/0.tlog-proof'))).toBe(true);
		expect(again.size).toBeGreaterThan(size);
		expect(since).toMatchObject({ verified: true, size: again.size, since: size });
		for (const secret of [firstKey(ada), 'grace@navy.example', 'tappass_sk_'])
			expect(textBelow(out).includes(secret), secret).toBe(false);
	});

	test('with payloads, until they are erased; the proofs stay valid', async () => {
		const [member] = (await ada.json('tappass audit query --type member.put --limit 1')).items;
		const opened = async (name: string): Promise<{ readonly payloads: number; readonly has: boolean }> => {
			const made = await ada.json(`tappass audit export -o ${at(name)} --payloads --proof ${member.index}`);
			expect(made).toMatchObject({ schema: 'tappass.audit.export/1' });
			const checked = await stranger.json(`tappass audit verify ${at(name)} --vkey ${made.vkey}`);
			expect(checked).toMatchObject({ verified: true, payloads: made.payloads });
			const lines = readFileSync(join(at(name), 'payloads/000.jsonl'), 'utf8').split('\n');
			return { payloads: made.payloads, has: lines.some((line) => line.startsWith(`{"index":${member.index},`)) };
		};
		const before = await opened('opened');
		await succeeds(`tappass audit erase ${member.event_id} --legal-basis gdpr-art-17 --reason "she asked" --yes`);
		await settled();
		const after = await opened('erased');

		expect(before.has).toBe(true);
		expect(before.payloads).toBeGreaterThan(4);
		expect(after.has).toBe(false);
		expect(readFileSync(join(at('erased'), `proofs/${member.index}.tlog-proof`), 'utf8')).toContain(
			`index ${member.index}\n`,
		);
		expect((await ada.json('tappass audit query --type audit.erased')).items).toHaveLength(1);
		expect(textBelow(join(at('erased'), 'tile/entries'))).toContain(
			`"erases":{"indices":[${member.index}],"legal_basis":"gdpr-art-17"}`,
		);
	});

	test('is told with the key that verified it, whatever the server says its key is', async () => {
		const log = await ada.json('tappass audit export -o honest');
		const lie = 'evil;id+00000000+AAAA';
		const liar = createServer(async (request, response) => {
			const body = request.method === 'GET' ? null : await new Response(request as never).text();
			const headers = { authorization: request.headers.authorization ?? '', 'content-type': 'application/json' };
			const answer = await fetch(`${server.url}${request.url}`, { method: request.method!, headers, body });
			const bytes = Buffer.from(await answer.arrayBuffer());
			const isLog = request.url === '/v1/audit/log';
			response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
			response.end(isLog ? JSON.stringify({ ...JSON.parse(bytes.toString()), vkey: lie }) : bytes);
		}).listen(0, '127.0.0.1');
		await once(liar, 'listening');
		const url = `http://127.0.0.1:${(liar.address() as AddressInfo).port}`;
		const key = firstKey(ada);
		expect((await ada.run(`tappass login --server ${url} --key-file -`, key)).exit).toBe(0);

		const asked = `tappass audit export -o lied --server ${url}`;
		refused(await ada.run(asked), 3, 'key_invalid');
		const { vkey } = await ada.json(`${asked} --vkey ${log.vkey}`);
		expect(vkey).toBe(log.vkey);

		liar.close();
		expect((await ada.run(`tappass login --server ${server.url} --key-file -`, key)).exit).toBe(0);
	});

	test('is refused as a continuation of another log', async () => {
		const out = at('foreign');
		mkdirSync(out);
		writeFileSync(
			join(out, 'checkpoint'),
			readFileSync(join(at('export'), 'checkpoint'), 'utf8').replace(/\n\d+\n/, '\n3\n'),
		);

		refused(await ada.run(`tappass audit export -o ${out}`), 3, 'checkpoint_invalid');
	});
});
