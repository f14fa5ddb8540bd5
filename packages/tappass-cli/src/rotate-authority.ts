import { type Answer, note, printable, type Terminal } from '@tappass/cli-kit';
import { TapPassError } from '@tappass/core';
import { connect } from './remote/connect.ts';
import { withProgress } from './remote/follow.ts';
import { onlineKey, page, preparedKey } from './remote/shapes.ts';
import { type RootKeyFlags, readRoot, readRootKeys, sendRoot, signNext } from './root-keys.ts';

/** What `admin key rotate host_ca` is told. */
export interface AuthorityFlags extends RootKeyFlags {
	readonly server: string | undefined;
	readonly overlap: boolean;
	readonly 'cut-off': boolean;
	readonly 'dry-run': boolean;
}

/**
 * Replaces the CA of the host plane, one step at a time: has the server make the next one, or takes the one that waits into
 * use with a root document that is signed here.
 * @throws {TapPassError} authority_too_new, and what reading the root keys and signing throw
 */
export async function rotateAuthority(terminal: Terminal, chosen: AuthorityFlags): Promise<Answer> {
	if (chosen.overlap)
		throw new TapPassError('usage', {
			detail: '--overlap is for the other roles',
			hint: 'the CA always overlaps: hosts hear of the new one an hour before',
		});
	const roots = await readRootKeys(chosen);
	const client = await connect(chosen.server);
	const current = await readRoot(client);
	const { document } = current.held;
	const { epoch } = document;
	const replaces = document.host_ca_spki_sha256;
	// Before the server makes anything: whether these root keys may sign at all.
	await signNext(current, roots, { epoch }, Date.now());
	const { items } = await client.get('/v1/root/keys', page(onlineKey));
	const waiting = items.find(({ role, state }) => role === 'host_ca' && state === 'pending');
	const dry_run = chosen['dry-run'];
	const fields = { role: 'host_ca', version: document.version + 1, epoch, replaces, overlap: true, dry_run };
	const schema = 'tappass.admin.key.rotate/1';
	if (dry_run) {
		const what = waiting === undefined ? 'A new CA would be made' : `The CA ${waiting.key_id} would be taken into use`;
		return {
			schema,
			fields: { ...fields, key_id: waiting?.key_id ?? null },
			text: `${what}; nothing was made or sent.`,
		};
	}
	if (waiting === undefined) {
		const key = await client.send('POST', '/v1/root/keys', preparedKey, { role: 'host_ca' });
		return {
			schema,
			fields: { ...fields, key_id: key.key_id, waits: true },
			text: printable(
				`The CA ${key.key_id} waits. Hosts hear of it with their next certificate: in an hour, run this command again to take it into use.`,
			),
		};
	}
	const { bytes, next } = await signNext(current, roots, { epoch, hostCa: waiting.key_id }, Date.now());
	const done = await withProgress(terminal, client, 'taking the new CA into use', () =>
		sendRoot(client, bytes, { cutOff: chosen['cut-off'] }),
	);
	note(terminal, 'warning', 'make a new backup: one from before cannot be used with hosts that have followed');
	return {
		schema,
		fields: {
			...fields,
			key_id: waiting.key_id,
			sha256: next.sha256,
			waits: false,
			signed: done.signed,
			failed: done.failed,
		},
		text: printable(
			`The CA of the host plane is ${waiting.key_id} from now on, listed by root document ${fields.version}. Certificates of the old one are good until they end, within an hour.`,
		),
	};
}
