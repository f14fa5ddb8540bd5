import { isSignedBy, manifestBytes, noteKey, parseEvidenceText, parseNote } from '@tappass/audit';
import { sha256Hex } from '@tappass/core';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { type Reply, type TestServer, testServer } from '../test-support/test-server.ts';

let test: TestServer;
beforeAll(async () => {
	test = await testServer();
	await vi.waitFor(async () => expect((await collect()).status).toBe(200), { timeout: 30_000, interval: 200 });
}, 120_000);
afterAll(() => test.close());

// An hour that ended a while ago: checkpoints of today come after it.
const from = new Date(Date.now() - 7_200_000).toISOString();
const to = new Date(Date.now() - 3_600_000).toISOString();
const collect = (query = `from=${from}&to=${to}`): Promise<Reply> => test.call('GET', `/v1/audit/evidence?${query}`);
const sign = (manifest: Uint8Array, more: object = {}): Promise<Reply> =>
	test.call('POST', '/v1/audit/evidence', {
		from,
		to,
		framework: 'soc2',
		manifest: Buffer.from(manifest).toString('base64'),
		...more,
	});
const filesOf = async (): Promise<{ path: string; bytes: Buffer }[]> =>
	(await collect()).body.files.map(({ path, content }: { path: string; content: string }) => ({
		path,
		bytes: Buffer.from(content, 'base64'),
	}));

it('signs no manifest that lacks, changes or adds to what the server has', async () => {
	const files = await filesOf();
	const changed = files.map((file, at) => (at === 0 ? { ...file, bytes: Buffer.from('{}') } : file));
	const more = [...files, { path: 'policy/statements/sbx_made_up/1-1.json', bytes: Buffer.from('{}') }];

	for (const wrong of [[], files.slice(1), changed, more])
		expect(await sign(manifestBytes(wrong))).toMatchObject({ status: 422, body: { code: 'proof_invalid' } });
});

it.each([
	['a path that leads out', `${'0'.repeat(64)}  ../x\n`],
	['an absolute path', `${'0'.repeat(64)}  /x\n`],
	['no line end', `${'0'.repeat(64)}  x`],
	['a path twice', `${'0'.repeat(64)}  x\n${'1'.repeat(64)}  x\n`],
	['paths out of order', `${'0'.repeat(64)}  y\n${'1'.repeat(64)}  x\n`],
	['something else', 'audit.local/org_a\n1\nAAAA\n'],
])('signs no manifest with %s', async (_name, text) => {
	expect(await sign(Buffer.from(text))).toMatchObject({ status: 422, body: { code: 'proof_invalid' } });
});

it('refuses a period that is not over, or ends before it begins', async () => {
	const later = new Date(Date.now() + 60_000).toISOString();

	expect(await collect(`from=${from}&to=${later}`)).toMatchObject({ status: 404 });
	expect(await collect(`from=${to}&to=${from}`)).toMatchObject({ body: { code: 'schema_invalid' } });
	expect(await sign(manifestBytes(await filesOf()), { from: to, to: from })).toMatchObject({
		body: { code: 'schema_invalid' },
	});
});

it('signs with the key of the log what it has, the same each time', async () => {
	const manifest = manifestBytes([...(await filesOf()), { path: 'checkpoint', bytes: Buffer.from('x') }]);
	const [first, second] = [await sign(manifest), await sign(manifest)];
	const org = test.server.created!.org_id;
	const { spki } = await test.server.services.store.withOrg(org, (transaction) =>
		test.server.services.keys.current(transaction, org, 'audit'),
	);
	const note = parseNote(Buffer.from(first.body.note));
	const claim = parseEvidenceText(note.text);

	expect(first.status).toBe(200);
	expect(second.body).toEqual(first.body);
	expect(isSignedBy(note, noteKey(claim.origin, spki))).toBe(true);
	expect(claim).toMatchObject({ from, to, framework: 'soc2', manifest_sha256: sha256Hex(manifest) });
});
