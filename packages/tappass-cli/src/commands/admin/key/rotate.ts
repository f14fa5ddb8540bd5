import { Args, type Command, Flags, type Interfaces } from '@oclif/core';
import { type Answer, note, printable, type Terminal } from '@tappass/cli-kit';
import { TapPassError } from '@tappass/core';
import { OperatorCommand } from '../../../command.ts';
import { dataFlag } from '../../../data-directory.ts';
import { count } from '../../../diagnostics.ts';
import { connect } from '../../../remote/connect.ts';
import { withProgress } from '../../../remote/follow.ts';
import { serverFlag } from '../../../remote/settings.ts';
import { type KeyRole, keyRoles, preparedKey } from '../../../remote/shapes.ts';
import { readRoot, readRootKeys, rootKeyFlags, sendRoot, signNext } from '../../../root-keys.ts';
import { rotateAuthority } from '../../../rotate-authority.ts';

const args = {
	role: Args.string({ required: true, options: [...keyRoles], description: 'what the key signs' }),
};
const flags = {
	server: serverFlag,
	data: dataFlag,
	...rootKeyFlags,
	overlap: Flags.boolean({
		description: 'keep the old key listed until the next rotation, for a planned one; never after a compromise',
	}),
	'cut-off': Flags.boolean({
		description: 'host_ca: take it into use now; hosts that have not heard of it must be enrolled again',
	}),
};

/** `tappass admin key rotate`: a new key for one of the server's roles. */
export default class KeyRotate extends OperatorCommand {
	static override summary =
		'Replace a key that the server signs with: policy, freshness, token, audit, or the CA of the host plane.';
	static override description =
		'The server makes the new key and keeps it; the root document that lists it is signed here, with two of the root keys. From then on the server signs with the new key alone, and hosts refuse what the old one signs. A new policy key begins a new epoch: every sandbox is derived anew, and bootstrap URLs that were not redeemed are void. A backup from before cannot be used with hosts that have followed: make a new one. The CA is replaced in two steps: the first run has hosts hear of the new one with their next certificate, the second, an hour later, takes it into use, and no host is cut off.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %> policy',
		'<%= config.bin %> <%= command.id %> token --overlap --root-key usb1/root-1.pem --root-key usb2/root-2.pem --passphrase-file -',
	];
	static override args: Interfaces.ArgInput = args;
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(terminal: Terminal): Promise<Answer> {
		const { args: given, flags: chosen } = await this.parse({ args, flags, baseFlags: OperatorCommand.baseFlags });
		const role = given.role as KeyRole;
		if (role === 'host_ca') return rotateAuthority(terminal, chosen);
		if (chosen['cut-off']) throw new TapPassError('usage', { detail: '--cut-off is for host_ca' });
		const roots = await readRootKeys(chosen);
		const client = await connect(chosen.server);
		const current = await readRoot(client);
		const { document } = current.held;
		const epoch = role === 'policy' ? document.epoch + 1 : document.epoch;
		// Before the server makes anything: whether these root keys may sign at all.
		await signNext(current, roots, { epoch }, Date.now());
		const [replaces] = document.roles[role].keyids;
		const fields = { role, version: document.version + 1, epoch, replaces, overlap: chosen.overlap };
		if (chosen['dry-run'])
			return {
				schema: 'tappass.admin.key.rotate/1',
				fields: { ...fields, key_id: null, dry_run: true },
				text: `A new ${role} key would be listed by root document ${fields.version}${role === 'policy' ? `, and epoch ${epoch} would begin` : ''}; nothing was made or sent.`,
			};
		const key = await client.send('POST', '/v1/root/keys', preparedKey, { role });
		if (key.role !== role)
			throw new TapPassError('key_role_mismatch', { detail: `the server answered with a ${key.role} key` });
		const change = { epoch, keys: [{ ...key, role }], overlap: chosen.overlap };
		const { bytes, next } = await signNext(current, roots, change, Date.now());
		const done = await withProgress(terminal, client, `taking the new ${role} key into use`, () =>
			sendRoot(client, bytes),
		);
		note(terminal, 'warning', 'make a new backup: one from before cannot be used with hosts that have followed');
		const begun = role === 'policy' ? `\nEpoch ${epoch} has begun: ${count(done.signed, 'new statement')} signed.` : '';
		return {
			schema: 'tappass.admin.key.rotate/1',
			fields: {
				...fields,
				key_id: key.key_id,
				sha256: next.sha256,
				dry_run: false,
				signed: done.signed,
				failed: done.failed,
			},
			text: printable(
				`The ${role} key is ${key.key_id} from now on, listed by root document ${fields.version}${chosen.overlap ? ' beside the old one' : ''}.${begun}`,
			),
			exit: done.failed > 0 ? 1 : 0,
		};
	}
}
