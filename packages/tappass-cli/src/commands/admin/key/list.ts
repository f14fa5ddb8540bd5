import type { Command, Interfaces } from '@oclif/core';
import type { Answer, Terminal } from '@tappass/cli-kit';
import type { RootDocument } from '@tappass/trust';
import { OperatorCommand } from '../../../command.ts';
import { connect } from '../../../remote/connect.ts';
import { serverFlag } from '../../../remote/settings.ts';
import { type OnlineKey, onlineKey, page } from '../../../remote/shapes.ts';
import { readRoot } from '../../../root-keys.ts';
import { listing, shortMoment, wideFlag } from '../../../views/listing.ts';

const flags = { server: serverFlag, wide: wideFlag };

/** `tappass admin key list`: the keys that the server signs with. */
export default class KeyList extends OperatorCommand {
	static override summary = 'List the keys that the server signs with, those that wait to follow, and those before.';
	static override description =
		'What hosts believe is what the root document lists; a key listed and not in use is the other half of a rotation with --overlap.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %>',
		'<%= config.bin %> <%= command.id %> --json',
	];
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(terminal: Terminal): Promise<Answer> {
		const { flags: chosen } = await this.parse({ flags, baseFlags: OperatorCommand.baseFlags });
		const client = await connect(chosen.server);
		const { document } = (await readRoot(client)).held;
		const { items } = await client.get('/v1/root/keys', page(onlineKey));
		const keys = items.map((key) => ({ ...key, listed: isListed(document, key) }));
		return {
			schema: 'tappass.admin.key.list/1',
			fields: { root_version: document.version, items: keys },
			text: listing(terminal, {
				heading: ['ROLE', 'STATE', 'ROOT DOCUMENT', 'WHEN', 'KEY'],
				rows: keys.map(rowOf),
				spare: ['WHEN', 'STATE'],
				wide: chosen.wide,
				empty: 'The server signs with no key yet.',
			}),
		};
	}
}

function isListed(document: RootDocument, { key_id, role }: OnlineKey): boolean {
	if (role === 'host_ca') return document.host_ca_spki_sha256 === key_id;
	return document.roles[role].keyids.includes(key_id);
}

// The words of docs/operations.md.
const states: Readonly<Record<string, string>> = { pending: 'waiting', in_use: 'in use' };

function rowOf({
	role,
	key_id,
	state,
	listed,
	created_at,
	retired_at,
}: OnlineKey & { readonly listed: boolean }): readonly string[] {
	const when = retired_at === null ? `since ${shortMoment(created_at)}` : `until ${shortMoment(retired_at)}`;
	return [role, states[state] ?? state, listed ? 'listed' : 'not listed', when, key_id];
}
