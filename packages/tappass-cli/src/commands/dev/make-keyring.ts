import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Command, Flags, type Interfaces } from '@oclif/core';
import {
	type Answer,
	makeDirectory,
	note,
	printable,
	readBounded,
	type Terminal,
	writeFileAtomic,
} from '@tappass/cli-kit';
import {
	type CompiledPolicy,
	compiledPolicySchema,
	emptyCompiledPolicy,
	limits,
	nearest,
	parseBytesWith,
	TapPassError,
} from '@tappass/core';
import { loadLibrary } from '@tappass/policy';
import {
	decodeKeys,
	encodeKeys,
	generateKeys,
	type KeySet,
	keyFileNames,
	makeDevelopmentKeyring,
	makeDevelopmentRoot,
} from '@tappass/signing';
import { OperatorCommand } from '../../command.ts';
import { readSources, shippedDirectory } from '../../sources.ts';

const flags = {
	out: Flags.string({
		required: true,
		helpValue: '<dir>',
		description: 'directory for root.json and keyring.json; made when it is not there',
	}),
	version: Flags.integer({
		default: 1,
		min: 1,
		max: Number.MAX_SAFE_INTEGER,
		helpValue: '<n>',
		description: 'policy version',
	}),
	seq: Flags.integer({
		default: 1,
		min: 1,
		max: Number.MAX_SAFE_INTEGER,
		helpValue: '<n>',
		description: 'sequence number of the freshness statement',
	}),
	ttl: Flags.integer({
		default: 300,
		min: 1,
		max: 86_400,
		helpValue: '<s>',
		description: 'seconds until it expires; hosts refuse more than 300',
	}),
	'compiled-policy': Flags.string({
		helpValue: '<file>',
		description: 'Compiled Policy to sign; without it one that denies everything',
	}),
	keys: Flags.string({
		helpValue: '<dir>',
		description: 'directory of the signing keys, used again when it has them (default: <out>/keys)',
	}),
};

/** `tappass dev make-keyring`: keys, a root document and a keyring for tests. */
export default class MakeKeyring extends OperatorCommand {
	static override summary = 'Make a keyring for development and tests.';
	static override description = 'Its keys lie unencrypted beside it: nothing it makes may be used in production.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %> --out /tmp/demo',
		'<%= config.bin %> <%= command.id %> --out /tmp/demo --version 2 --seq 7 --compiled-policy policy.json',
	];
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(terminal: Terminal): Promise<Answer> {
		const { flags: chosen } = await this.parse({ flags, baseFlags: OperatorCommand.baseFlags });
		const policy = await readPolicy(chosen['compiled-policy']);
		const keysDirectory = chosen.keys ?? join(chosen.out, 'keys');
		await makeDirectory(chosen.out, 0o755);
		const { keys, reused } = await loadOrMakeKeys(keysDirectory);
		const root = await makeDevelopmentRoot(keys);
		const terms = {
			compiled_policy: policy,
			policy_version: chosen.version,
			seq: chosen.seq,
			ttl_seconds: chosen.ttl,
			now: Date.now(),
			domain_categories: await domainLists(policy),
		};
		const keyring = await makeDevelopmentKeyring(keys, terms);
		const paths = { root: join(chosen.out, 'root.json'), keyring: join(chosen.out, 'keyring.json') };
		await writeFileAtomic(paths.root, root, { mode: 0o644 });
		await writeFileAtomic(paths.keyring, keyring, { mode: 0o644 });
		note(terminal, 'warning', 'for development only: the signing keys lie unencrypted on this disk');
		return {
			schema: 'tappass.dev.make-keyring/1',
			fields: {
				...paths,
				keys: keysDirectory,
				keys_reused: reused,
				development_only: true,
				policy_version: chosen.version,
				seq: chosen.seq,
				ttl_seconds: chosen.ttl,
			},
			text: printable(
				`Wrote ${paths.keyring} (version ${chosen.version}, seq ${chosen.seq}, ${chosen.ttl} s) and ${paths.root}.\nKeys ${reused ? 'used again from' : 'made in'} ${keysDirectory}.`,
			),
		};
	}
}

/** The shipped lists of the categories that the policy denies. @throws {TapPassError} not_found: an empty list would deny nothing */
async function domainLists({ network }: CompiledPolicy): Promise<Record<string, readonly string[]>> {
	if (network.deny_categories.length === 0) return {};
	const { library } = loadLibrary(await readSources([join(shippedDirectory('policies'), 'domain-categories')]));
	return Object.fromEntries(
		network.deny_categories.map((id) => {
			const domains = library.domainCategories.get(id)?.value.domains;
			if (domains !== undefined) return [id, domains];
			const near = nearest(id, library.domainCategories.keys());
			throw new TapPassError('not_found', {
				detail: `no domain list ${JSON.stringify(id)}`,
				...(near === undefined ? {} : { hint: `did you mean ${near}?` }),
			});
		}),
	);
}

async function readPolicy(path: string | undefined): Promise<CompiledPolicy> {
	if (path === undefined) return emptyCompiledPolicy;
	return parseBytesWith(compiledPolicySchema, await readBounded(path, limits.payloadBytesMax), path);
}

/** Keys of the directory when it has them all; new ones when it has none. A part of a set is refused: it was damaged. */
async function loadOrMakeKeys(directory: string): Promise<{ readonly keys: KeySet; readonly reused: boolean }> {
	await makeDirectory(directory, 0o700);
	const present = (await readdir(directory)).filter((name) => keyFileNames.includes(name));
	if (present.length === 0) {
		const keys = generateKeys();
		await writeKeys(directory, encodeKeys(keys));
		return { keys, reused: false };
	}
	const files: Record<string, string> = {};
	for (const name of present) files[name] = new TextDecoder().decode(await readBounded(join(directory, name), 65_536));
	return { keys: decodeKeys(files), reused: true };
}

async function writeKeys(directory: string, files: Readonly<Record<string, string>>): Promise<void> {
	const written: string[] = [];
	try {
		for (const [name, pem] of Object.entries(files)) {
			await writeFileAtomic(join(directory, name), pem, { mode: 0o600 });
			written.push(join(directory, name));
		}
	} catch (error) {
		// A part of a set would be refused as damaged for ever after.
		for (const path of written) await rm(path, { force: true });
		throw error;
	}
}
