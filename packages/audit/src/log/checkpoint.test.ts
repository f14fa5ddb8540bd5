import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { MemoryFiles } from '../test-support/naive-log.ts';
import { originOf, parseCheckpointText, signCheckpoint, verifyCheckpoint } from './checkpoint.ts';
import {
	acceptCosignature,
	cosignedAt,
	cosignNote,
	isSignedBy,
	type NoteSigner,
	noteBytes,
	noteKey,
	parseNote,
	parseVkey,
	signatureLine,
	vkeyText,
} from './note.ts';
import { proveInclusion } from './proof.ts';
import { integrate } from './tiles.ts';
import { parseTlogProof, tlogProofBytes, verifyTlogProof } from './tlog-proof.ts';
import { emptyTree, rootOf } from './tree.ts';

function signer(): NoteSigner {
	const { privateKey, publicKey } = generateKeyPairSync('ed25519');
	return {
		spki: publicKey.export({ format: 'der', type: 'spki' }),
		sign: async (bytes) => sign(null, bytes, privateKey),
	};
}

const origin = originOf('eu', 'tappass.example', 'org_acme01');
const logSigner = signer();
const witnessSigner = signer();
const key = noteKey(origin, logSigner.spki);
const witness = noteKey('witness.example/w1', witnessSigner.spki, 'witness');
const entries = Array.from({ length: 5 }, (_, at) => Buffer.from(`entry ${at}`));
const { state, files } = integrate({ tree: emptyTree, bundle: [] }, entries);
const log = new MemoryFiles();
log.write(files);
const signed = await signCheckpoint({ origin, size: 5, root: rootOf(state.tree) }, logSigner);
const invalid = expect.objectContaining({ code: 'checkpoint_invalid' });

describe('a verifier key', () => {
	// The key and note of Go's own documentation of signed notes.
	const peter = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
	const note =
		'If you think cryptography is the answer to your problem,\n' +
		"then you don't know what your problem is.\n" +
		'\n' +
		'— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n';

	it('of the Go documentation is read and written as there, and signs its note', () => {
		expect(vkeyText(parseVkey(peter))).toBe(peter);
		expect(isSignedBy(parseNote(Buffer.from(note)), parseVkey(peter))).toBe(true);
		expect(noteBytes(parseNote(Buffer.from(note))).toString()).toBe(Buffer.from(note).toString());
	});

	it.each([
		['with a damaged id', vkeyText(key).replace(/\+[0-9a-f]{8}\+/, '+00000000+')],
		['with another name', vkeyText(key).replace('eu', 'us')],
		['with a damaged key', `${vkeyText(key).slice(0, -4)}AAAA`],
		['of an unknown kind', `a+00000000+${Buffer.alloc(33, 2).toString('base64')}`],
		['cut short', vkeyText(key).slice(0, -8)],
		['without parts', 'hello'],
		['that is empty', ''],
	])('%s is refused', (_name, text) => {
		expect(() => parseVkey(text)).toThrow(expect.objectContaining({ code: 'key_invalid' }));
	});

	it('takes no name with a space or plus', () => {
		expect(() => noteKey('a b', logSigner.spki)).toThrow(expect.objectContaining({ code: 'key_invalid' }));
		expect(() => noteKey('a+b', logSigner.spki)).toThrow(expect.objectContaining({ code: 'key_invalid' }));
	});
});

describe('a checkpoint', () => {
	const text = Buffer.from(signed).toString();

	it.each([
		['another size', text.replace('\n5\n', '\n6\n')],
		['another origin', text.replaceAll('acme01', 'acme02')],
		['an extension line', text.replace('\n\n', '\nmore\n\n')],
		['no signature', text.slice(0, text.indexOf('\n\n') + 2)],
		['a carriage return', text.replace('\n', '\r\n')],
		['no newline at its end', text.slice(0, -1)],
		['a line that is no signature', `${text}hello\n`],
		['more signatures than anyone makes', text + text.slice(text.indexOf('—')).repeat(64)],
	])('with %s is refused', (_name, bad) => {
		expect(() => verifyCheckpoint(Buffer.from(bad), key)).toThrow(invalid);
	});

	it('that someone else signed is refused', async () => {
		const other = signer();
		const forged = await signCheckpoint({ origin, size: 5, root: rootOf(state.tree) }, other);

		expect(() => verifyCheckpoint(forged, key)).toThrow(invalid);
		expect(verifyCheckpoint(forged, noteKey(origin, other.spki)).checkpoint.size).toBe(5);
	});

	it.each(['05', '-1', '1e3', '', '9007199254740993'])('of size %j is refused', (size) => {
		expect(() => parseCheckpointText(`o\n${size}\n${Buffer.alloc(32).toString('base64')}\n`)).toThrow(invalid);
	});

	it('that the key has signed is believed', () => {
		expect(verifyCheckpoint(signed, key).checkpoint).toEqual({ origin, size: 5, root: rootOf(state.tree) });
	});
});

describe('a witness', () => {
	it('adds a line that is accepted for this note and this witness only', async () => {
		const note = parseNote(signed);
		const line = signatureLine(await cosignNote(note, witness.name, witnessSigner, 1_778_148_000));
		const other = noteKey('witness.example/w2', signer().spki, 'witness');
		const later = { ...note, text: note.text.replace('\n5\n', '\n6\n') };

		expect(() => acceptCosignature(later, line, witness)).toThrow(invalid);
		expect(() => acceptCosignature(note, line, other)).toThrow(invalid);
		expect(() => acceptCosignature(note, line, key)).toThrow(invalid);
		expect(() => acceptCosignature(note, `${line}${line}`, witness)).toThrow(invalid);
		expect(() => acceptCosignature(note, 'hello', witness)).toThrow(invalid);
		expect(() => verifyCheckpoint(signed, key, [witness])).toThrow(invalid);

		const accepted = acceptCosignature(note, line, witness);
		const cosigned = noteBytes({ ...note, signatures: [...note.signatures, accepted] });
		expect(cosignedAt(accepted)).toBe(1_778_148_000);
		expect(verifyCheckpoint(cosigned, key, [witness]).checkpoint.size).toBe(5);
	});
});

describe('a .tlog-proof file', () => {
	it('shows its entry and no other', async () => {
		const hashes = await proveInclusion(log, 5, 3);
		const bytes = tlogProofBytes({ index: 3, hashes, checkpoint: signed });
		const refused = expect.objectContaining({ code: 'proof_invalid' });
		const at = Buffer.from(bytes).toString();

		expect(() => verifyTlogProof(bytes, entries[2]!, key)).toThrow(refused);
		expect(() => verifyTlogProof(Buffer.from(at.replace('index 3', 'index 2')), entries[3]!, key)).toThrow(refused);
		expect(() => parseTlogProof(Buffer.from(at.replace('index 3', 'index 03')))).toThrow(refused);
		expect(() => parseTlogProof(Buffer.from(at.replace('@v1', '@v2')))).toThrow(refused);
		expect(() => parseTlogProof(Buffer.from(''))).toThrow(refused);
		expect(() => verifyTlogProof(bytes, entries[3]!, key, [witness])).toThrow(invalid);
		expect(verifyTlogProof(bytes, entries[3]!, key)).toMatchObject({ index: 3, checkpoint: { size: 5 } });
		const extra = Buffer.from(at.replace('\nindex', '\nextra AAAA\nindex'));
		expect(verifyTlogProof(extra, entries[3]!, key).index).toBe(3);
	});
});
