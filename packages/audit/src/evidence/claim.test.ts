import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { parseCheckpointText, verifyCheckpoint } from '../log/checkpoint.ts';
import { isSignedBy, noteKey, parseNote } from '../log/note.ts';
import { evidenceText, manifestBytes, parseEvidenceText, parseManifest, signEvidence } from './claim.ts';

const claim = {
	origin: 'audit.eu.tappass.example/org_acme01',
	size: 7,
	root: Buffer.alloc(32, 1),
	from: '2026-05-01T00:00:00.000Z',
	to: '2026-06-01T00:00:00.000Z',
	framework: 'soc2',
	manifest_sha256: 'a'.repeat(64),
};
const text = evidenceText(claim);
const refused = expect.objectContaining({ code: 'proof_invalid' });

describe('the text of a claim', () => {
	it.each([
		['another header', text.replace('evidence/1', 'evidence/2')],
		['no entries', text.replace('\n7 ', '\n0 ')],
		['a root of another length', text.replace('AQEB', '')],
		['a period without milliseconds', text.replace('.000Z', 'Z')],
		['a framework that is no name', text.replace('soc2', 'SOC 2')],
		['a hash that is too short', text.replace('aa\n', 'a\n')],
		['a line more', `${text}more\n`],
		['no last line end', text.trimEnd()],
		['a checkpoint', `${claim.origin}\n7\n${Buffer.alloc(32).toString('base64')}\n`],
	])('is refused with %s', (_name, wrong) => {
		expect(wrong).not.toBe(text);
		expect(() => parseEvidenceText(wrong)).toThrow(refused);
	});

	it('is read back as it was written, and is no checkpoint', () => {
		expect(parseEvidenceText(text)).toEqual(claim);
		expect(() => parseCheckpointText(text)).toThrow(expect.objectContaining({ code: 'checkpoint_invalid' }));
	});

	it('is signed as a note that no one takes for a checkpoint', async () => {
		const { privateKey, publicKey } = generateKeyPairSync('ed25519');
		const spki = publicKey.export({ format: 'der', type: 'spki' });
		const note = await signEvidence(claim, { spki, sign: async (bytes) => sign(null, bytes, privateKey) });
		const key = noteKey(claim.origin, spki);

		expect(isSignedBy(parseNote(note), key)).toBe(true);
		expect(() => verifyCheckpoint(note, key)).toThrow(expect.objectContaining({ code: 'checkpoint_invalid' }));
	});
});

describe('a manifest', () => {
	const line = (path: string): string => `${'0'.repeat(64)}  ${path}\n`;

	it.each(['../x', '/x', 'a//b', 'a/../b', './a', '.hidden', 'a b', 'a\\b', 'é', ''])('has no path like %j', (path) => {
		expect(() => parseManifest(Buffer.from(line(path)))).toThrow(refused);
	});

	it('lists each file once, by path, as sha256sum does', () => {
		const files = ['b', 'a/c.json', 'a-b'].map((path) => ({ path, bytes: Buffer.from(path) }));

		expect([...parseManifest(manifestBytes(files)).keys()]).toEqual(['a-b', 'a/c.json', 'b']);
		expect(() => parseManifest(manifestBytes([...files, files[0]!]))).toThrow(refused);
		expect(() => parseManifest(Buffer.from(line('b') + line('a')))).toThrow(refused);
	});
});
