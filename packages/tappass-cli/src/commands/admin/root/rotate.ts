import { randomBytes } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Command, Flags, type Interfaces } from '@oclif/core';
import { type Answer, makeDirectory, note, printable, type Terminal, writeFileAtomic } from '@tappass/cli-kit';
import { TapPassError } from '@tappass/core';
import { generateSigner, type LocalSigner } from '@tappass/signing';
import { OperatorCommand } from '../../../command.ts';
import { dataFlag } from '../../../data-directory.ts';
import { connect } from '../../../remote/connect.ts';
import { serverFlag } from '../../../remote/settings.ts';
import { readRoot, readRootKeys, rootKeyFlags, sendRoot, signNext } from '../../../root-keys.ts';

const flags = {
	server: serverFlag,
	data: dataFlag,
	...rootKeyFlags,
	out: Flags.string({
		required: true,
		helpValue: '<dir>',
		description: 'new directory for the new root keys and their passphrase',
	}),
};

/** `tappass admin root rotate`: new root keys. */
export default class RootRotate extends OperatorCommand {
	static override summary = 'Replace the three root keys, and renew the root document for five years.';
	static override description =
		'Signs here, with two of the old root keys and all of the new; the server gets the document and never a key. Hosts follow by themselves. Then move each new key, and the passphrase, to a different safe place, and destroy the old ones.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %> --out new-root-keys',
		'<%= config.bin %> <%= command.id %> --root-key usb1/root-1.pem --root-key usb2/root-2.pem --passphrase-file - --out new-root-keys',
	];
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(terminal: Terminal): Promise<Answer> {
		const { flags: chosen } = await this.parse({ flags, baseFlags: OperatorCommand.baseFlags });
		const old = await readRootKeys(chosen);
		const client = await connect(chosen.server);
		const current = await readRoot(client);
		const roots = [1, 2, 3].map(() => generateSigner('ed25519'));
		const { bytes, next } = await signNext(current, old, { epoch: current.held.document.epoch, roots }, Date.now());
		const { version } = next.document;
		const fields = { version, sha256: next.sha256, root_key_ids: next.document.roles.root.keyids };
		if (chosen['dry-run'])
			return {
				schema: 'tappass.admin.root.rotate/1',
				fields: { ...fields, dry_run: true },
				text: `Root document ${version} would take effect; nothing was written or sent.`,
			};
		// Written first: a document in force whose keys were lost could never be followed.
		const files = await writeKeys(chosen.out, roots);
		try {
			await sendRoot(client, bytes);
		} catch (error) {
			await afterFailure(terminal, error, chosen.out, files);
			throw error;
		}
		note(terminal, 'warning', `move each key in ${chosen.out}, and the passphrase, to a different safe place`);
		return {
			schema: 'tappass.admin.root.rotate/1',
			fields: { ...fields, dry_run: false, files },
			text: printable(`Root document ${version} is in force (sha256 ${next.sha256}). New root keys: ${chosen.out}`),
		};
	}
}

async function writeKeys(directory: string, roots: readonly LocalSigner[]): Promise<readonly string[]> {
	await makeDirectory(directory, 0o700);
	if ((await readdir(directory)).length > 0)
		throw new TapPassError('already_exists', { detail: `${directory} is not empty`, hint: 'name a new directory' });
	const passphrase = randomBytes(24).toString('base64url');
	const contents = [
		...roots.map((each, at) => [`root-${at + 1}.pem`, each.toPem(passphrase)]),
		['passphrase', `${passphrase}\n`],
	];
	const files: string[] = [];
	try {
		for (const [name, text] of contents) {
			const file = join(directory, name!);
			await writeFileAtomic(file, text!, { mode: 0o600 });
			files.push(file);
		}
	} catch (error) {
		await removeAll(files);
		throw error;
	}
	return files;
}

// A document that was refused is in force nowhere, and its keys are of no use. When no answer came it may be in force.
async function afterFailure(
	terminal: Terminal,
	error: unknown,
	directory: string,
	files: readonly string[],
): Promise<void> {
	if (error instanceof TapPassError && error.row.status < 500) return removeAll(files);
	note(
		terminal,
		'warning',
		`keep ${directory}: the server may have taken the new keys all the same; tappass admin root status says`,
	);
}

async function removeAll(files: readonly string[]): Promise<void> {
	for (const file of files) await rm(file, { force: true });
}
