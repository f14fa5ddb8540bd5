import { hash } from 'node:crypto';
import { TapPassError } from '@tappass/core';
import { decodeBase64, encodeBase64 } from '@tappass/trust';
import { auditFormatLimits } from '../limits.ts';
import { hashBytes } from '../log/hash.ts';
import { type NoteSigner, signNote } from '../log/note.ts';

/** What the signature of an evidence pack says: which files it has, of which log, period and framework. */
export interface EvidenceClaim {
	/** Name of the log. */
	readonly origin: string;
	/** The checkpoint that every proof in the pack leads to. */
	readonly size: number;
	readonly root: Uint8Array;
	/** The period, RFC 3339 in UTC with milliseconds: `from` is in it, `to` is not. */
	readonly from: string;
	readonly to: string;
	readonly framework: string;
	/** SHA-256 of the manifest, hex. */
	readonly manifest_sha256: string;
}

// No log has this name, and a checkpoint has three lines: a claim cannot be taken for one, nor one for a claim.
const header = 'tappass-evidence/1';
const moment = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** The text of a claim, one line for each thing it says. */
export function evidenceText(claim: EvidenceClaim): string {
	const { origin, size, root, from, to, framework, manifest_sha256 } = claim;
	return [header, origin, `${size} ${encodeBase64(root)}`, `${from} ${to}`, framework, manifest_sha256, ''].join('\n');
}

/**
 * Reads the text of a claim.
 * @throws {TapPassError} proof_invalid
 */
export function parseEvidenceText(text: string): EvidenceClaim {
	const [first, origin = '', tree = '', period = '', framework = '', sha256 = '', end, ...more] = text.split('\n');
	const [digits = '', encoded = '', ...treeRest] = tree.split(' ');
	const [from = '', to = '', ...periodRest] = period.split(' ');
	const root = decodeBase64(encoded);
	const isWhole =
		first === header &&
		origin !== '' &&
		/^[1-9]\d{0,15}$/.test(digits) &&
		root?.length === hashBytes &&
		moment.test(from) &&
		moment.test(to) &&
		/^[a-z0-9][a-z0-9-]{0,63}$/.test(framework) &&
		/^[0-9a-f]{64}$/.test(sha256) &&
		end === '' &&
		treeRest.length + periodRest.length + more.length === 0;
	if (!isWhole) throw new TapPassError('proof_invalid', { detail: `expected the text of a ${header} note` });
	return { origin, size: Number(digits), root, from, to, framework, manifest_sha256: sha256 };
}

/** Signs a claim with the log's key, as a note. */
export function signEvidence(claim: EvidenceClaim, signer: NoteSigner): Promise<Uint8Array> {
	return signNote(evidenceText(claim), claim.origin, signer);
}

/** A file of an evidence pack. */
export interface EvidenceFile {
	readonly path: string;
	readonly bytes: Uint8Array;
}

/** The manifest of some files, in the form that `sha256sum --check` reads, by path. */
export function manifestBytes(files: readonly EvidenceFile[]): Uint8Array {
	const lines = files.map(({ path, bytes }) => `${hash('sha256', bytes, 'hex')}  ${path}\n`);
	return Buffer.from(lines.sort((a, b) => (a.slice(66) < b.slice(66) ? -1 : 1)).join(''));
}

/**
 * Reads a manifest.
 * @returns SHA-256 by path
 * @throws {TapPassError} proof_invalid for a line of another form, a path that leads out, or paths not in order, each once
 */
export function parseManifest(bytes: Uint8Array): ReadonlyMap<string, string> {
	if (bytes.length > auditFormatLimits.manifestBytesMax) throw malformed('it is too large');
	const lines = Buffer.from(bytes).toString('latin1').split('\n');
	if (lines.pop() !== '') throw malformed('its last line is cut short');
	const files = new Map<string, string>();
	let last = '';
	for (const line of lines) {
		const [, sha256, path] = manifestLine.exec(line) ?? [];
		if (sha256 === undefined || path === undefined || path <= last) throw malformed(`line ${files.size + 1}`);
		files.set(path, sha256);
		last = path;
	}
	return files;
}

const manifestLine = /^([0-9a-f]{64}) {2}((?:[A-Za-z0-9_-][A-Za-z0-9._-]*\/)*[A-Za-z0-9_-][A-Za-z0-9._-]*)$/;

function malformed(what: string): TapPassError {
	return new TapPassError('proof_invalid', { detail: `the manifest of the pack: ${what}` });
}
