/**
 * A log of ours, checked by people who have never heard of us: Go's own module database code, and our command line without
 * a server. What one of them must notice, both must.
 */
import { execFile } from 'node:child_process';
import { generateKeyPairSync, sign } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
	emptyTree,
	integrate,
	type LogState,
	makeLeaf,
	noteKey,
	rootOf,
	signCheckpoint,
	vkeyText,
} from '@tappass/audit';
import type { OrgId, SandboxId } from '@tappass/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildGoChecker, type GoChecker } from './audit/go-checker.ts';
import { root } from './support/repository.ts';

const origin = 'audit.eu.tappass.example/org_acme01';
const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const spki = publicKey.export({ format: 'der', type: 'spki' });
const signer = { spki, sign: async (bytes: Uint8Array) => sign(null, bytes, privateKey) };
const vkey = vkeyText(noteKey(origin, spki));
const size = 66_000; // Three levels of tiles.
const olderSize = 1_234;

function leafAt(index: number, type = 'call.admitted'): Uint8Array {
	const digits = String(index).padStart(12, '0');
	const salt = Buffer.alloc(32);
	salt.writeUInt32BE(index);
	return makeLeaf(
		{
			id: `0192d3a4-5b6c-7def-8123-${digits}`,
			type,
			org_id: 'org_acme01' as OrgId,
			at: 1_778_148_000_000 + index,
			actor: { kind: 'agent', id: 'sbx_tenanta1' },
			decision: 'allow',
			sandbox_id: 'sbx_tenanta1' as SandboxId,
			session_id: 'ses_tenanta1',
			policy_version: 7,
			request_id: `0192d3a4-5b6c-7def-9123-${digits}`,
		},
		{ pseudonym: 'AAAAAAAAAAAAAAAAAAAAAA', salt },
	).leaf;
}

/** Writes an honest log of some entries; what it rewrites is only what is in them. */
async function writeLog(directory: string, entries: readonly Uint8Array[]): Promise<string> {
	let state: LogState = { tree: emptyTree, bundle: [] };
	for (let at = 0; at < entries.length; at += 5_000) {
		const next = integrate(state, entries.slice(at, at + 5_000));
		for (const { path, bytes } of next.files) {
			mkdirSync(dirname(join(directory, path)), { recursive: true });
			writeFileSync(join(directory, path), bytes);
		}
		state = next.state;
	}
	mkdirSync(directory, { recursive: true });
	const checkpoint = { origin, size: entries.length, root: rootOf(state.tree) };
	writeFileSync(join(directory, 'checkpoint'), await signCheckpoint(checkpoint, signer));
	return directory;
}

interface Ran {
	readonly exit: number;
	readonly stdout: string;
	readonly stderr: string;
}

function tappass(...args: readonly string[]): Promise<Ran> {
	return new Promise((resolve) =>
		execFile(join(root, 'bin/tappass'), [...args], (error, stdout, stderr) =>
			resolve({ exit: error === null ? 0 : Number(error.code), stdout, stderr }),
		),
	);
}
async function refusal(...args: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
	const { exit, stdout, stderr } = await tappass('audit', 'verify', ...args, '--json');
	return { exit, stdout, ...JSON.parse(stderr) };
}

let home: string;
let log: string;
let older: string;
let checker: GoChecker;

beforeAll(async () => {
	home = mkdtempSync(join(tmpdir(), 'tappass-audit-'));
	mkdirSync(join(home, 'go'));
	checker = await buildGoChecker(join(home, 'go'));
	const entries = Array.from({ length: size }, (_, index) => leafAt(index));
	log = await writeLog(join(home, 'log'), entries);
	older = join(await writeLog(join(home, 'older'), entries.slice(0, olderSize)), 'checkpoint');
}, 400_000);

afterAll(() => rmSync(home, { recursive: true, force: true }));

/** A copy of the log that somebody has been at. */
function copyOf(name: string, change: (directory: string) => void): string {
	const directory = join(home, name);
	cpSync(log, directory, { recursive: true });
	change(directory);
	return directory;
}
function flip(file: string, at: number): void {
	const bytes = readFileSync(file);
	bytes[at]! ^= 1;
	writeFileSync(file, bytes);
}

describe('what was done to a log is noticed by Go and by us', () => {
	it.each([
		['a bit of an entry', 'tile/entries/100', 40, { file: 'tile/entries/100', index: 25_600 }],
		['a bit of a tile', 'tile/0/200', 32, { file: 'tile/entries/200', index: 51_201 }],
		['a bit of a tile above', 'tile/1/000', 32 * 7 + 3, { file: 'tile/1/000', index: 1_792 }],
		['a bit of the root of all full tiles', 'tile/2/000.p/1', 0, { file: 'tile/2/000.p/1', index: 0 }],
	])('%s was flipped', async (name, file, at, where) => {
		const directory = copyOf(name.replaceAll(' ', '-'), (copy) => flip(join(copy, file), at));

		expect(await checker(directory, vkey)).toMatchObject({ exit: 1, stdout: '' });
		expect(await refusal(directory, '--vkey', vkey)).toMatchObject({
			exit: 3,
			stdout: '',
			code: 'audit_corrupt',
			...where,
		});
	});

	it('an entry was dropped, and everything behind it moved up', async () => {
		const entries = Array.from({ length: size - 1 }, (_, index) => leafAt(index < 30_000 ? index : index + 1));
		const directory = await writeLog(join(home, 'dropped'), entries);
		cpSync(join(log, 'checkpoint'), join(directory, 'checkpoint'));

		expect(await checker(directory, vkey)).toMatchObject({ exit: 1, stdout: '' });
		expect(await refusal(directory, '--vkey', vkey)).toMatchObject({ exit: 3, code: expect.stringMatching(/^audit_/) });
	});

	it('its history was rewritten and signed anew', async () => {
		const entries = Array.from({ length: size }, (_, at) =>
			leafAt(at, at === 1_000 ? 'call.settled' : 'call.admitted'),
		);
		const directory = await writeLog(join(home, 'rewritten'), entries);

		// By itself it is a log like any other; only the older checkpoint tells.
		expect(await checker(directory, vkey)).toMatchObject({ exit: 0 });
		expect(await checker(directory, vkey, older)).toMatchObject({ exit: 1, stdout: '' });
		expect(await refusal(directory, '--vkey', vkey, '--since', older)).toMatchObject({
			exit: 3,
			code: 'audit_forked',
			file: 'checkpoint',
			index: olderSize,
		});
	});

	it('two people are shown two logs that part at the end', async () => {
		const entries = Array.from({ length: 2_000 }, (_, at) => leafAt(at, at < 1_999 ? 'call.admitted' : 'call.settled'));
		const theirs = join(await writeLog(join(home, 'fork'), entries), 'checkpoint');

		expect(await checker(log, vkey, theirs)).toMatchObject({ exit: 1, stdout: '' });
		expect(await refusal(log, '--vkey', vkey, '--since', theirs)).toMatchObject({ exit: 3, code: 'audit_forked' });
	});

	it('it was cut', async () => {
		const directory = await writeLog(
			join(home, 'cut'),
			Array.from({ length: 1_000 }, (_, index) => leafAt(index)),
		);

		expect(await checker(directory, vkey, older)).toMatchObject({ exit: 1, stdout: '' });
		expect(await refusal(directory, '--vkey', vkey, '--since', older)).toMatchObject({ exit: 3, code: 'audit_forked' });
	});

	it('its checkpoint was changed, or signed by another key', async () => {
		const other = vkeyText(
			noteKey(origin, generateKeyPairSync('ed25519').publicKey.export({ format: 'der', type: 'spki' })),
		);
		const directory = copyOf('checkpoint', (copy) => flip(join(copy, 'checkpoint'), origin.length + 1));

		expect(await checker(directory, vkey)).toMatchObject({ exit: 1, stdout: '' });
		expect(await refusal(directory, '--vkey', vkey)).toMatchObject({ exit: 3, code: 'checkpoint_invalid' });
		expect(await checker(log, other)).toMatchObject({ exit: 1, stdout: '' });
		expect(await refusal(log, '--vkey', other)).toMatchObject({ exit: 3, code: 'checkpoint_invalid' });
	});

	it('the key was damaged', async () => {
		const damaged = vkey.replace(/\+[0-9a-f]{8}\+/, '+00000000+');

		expect(await checker(log, damaged)).toMatchObject({ exit: 1, stdout: '' });
		expect(await refusal(log, '--vkey', damaged)).toMatchObject({ exit: 3, code: 'key_invalid' });
	});
});

describe('an honest log', () => {
	it('is made anew by Go, tile by tile, proved, and continues the older checkpoint', async () => {
		expect(await checker(log, vkey, older)).toEqual({
			exit: 0,
			stdout: `verified ${size} entries, 497 proofs, consistent with ${olderSize}\n`,
			stderr: '',
		});
	});

	it('is verified by a command that has no server and no account', async () => {
		const { exit, stdout, stderr } = await tappass('audit', 'verify', log, '--vkey', vkey, '--since', older);

		expect(stdout).toMatch(new RegExp(`^Verified: ${size} entries of ${origin.replaceAll('.', '\\.')}\n`));
		expect(stdout).toContain(`continues  the checkpoint of size ${olderSize}`);
		expect(stderr).toMatch(/^tappass: verifying /);
		expect(exit).toBe(0);
	});

	it('is verified over http as it is served', async () => {
		const server = createServer((request, response) => {
			try {
				response.end(readFileSync(join(log, request.url!)));
			} catch {
				// Not there, which is what the answer says.
				response.writeHead(404).end();
			}
		});
		await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
		const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
		try {
			writeFileSync(join(home, 'vkey'), `${vkey}\n`);
			const { exit, stdout } = await tappass('audit', 'verify', `${address}/`, '--vkey', join(home, 'vkey'), '--json');

			expect(JSON.parse(stdout)).toMatchObject({ schema: 'tappass.audit.verify/1', verified: true, size });
			expect(exit).toBe(0);
		} finally {
			server.closeAllConnections();
			server.close();
		}
		expect(await refusal(address, '--vkey', vkey)).toMatchObject({ exit: 5, code: 'server_unreachable' });
	});
});
