import type { Command, Interfaces } from '@oclif/core';
import { type Answer, note, printable, type Terminal } from '@tappass/cli-kit';
import { OperatorCommand } from '../../../command.ts';
import { connect } from '../../../remote/connect.ts';
import { serverFlag } from '../../../remote/settings.ts';
import { readRoot } from '../../../root-keys.ts';

const flags = { server: serverFlag };
const dayMs = 86_400_000;
const soonDays = 90;

/** `tappass admin root status`: the root document that is in force. */
export default class RootStatus extends OperatorCommand {
	static override summary = 'Show the root document in force: version, epoch, expiry and root keys.';
	static override description =
		'Its signatures are checked here. The hash is what bootstrap URLs pin: compare it with #root= of a URL, or with a host.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %>',
		'<%= config.bin %> <%= command.id %> --json',
	];
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(terminal: Terminal): Promise<Answer> {
		const { flags: chosen } = await this.parse({ flags, baseFlags: OperatorCommand.baseFlags });
		const { held } = await readRoot(await connect(chosen.server));
		const { org_id, version, epoch, issued_at, expires_at, roles } = held.document;
		const days = Math.floor((held.expires_at_ms - Date.now()) / dayMs);
		if (days < soonDays)
			note(
				terminal,
				'warning',
				`the root document ${days < 0 ? 'has expired' : `expires in ${days} days`}: tappass admin root rotate`,
			);
		const { threshold, keyids } = roles.root;
		const text = [
			`Root document ${version} of ${org_id}, epoch ${epoch}`,
			`  sha256   ${held.sha256}`,
			`  issued   ${issued_at}`,
			`  expires  ${expires_at}`,
			`Any ${threshold} of these root keys sign the next one:`,
			...keyids.map((id) => `  ${id}`),
		];
		return {
			schema: 'tappass.admin.root.status/1',
			fields: { org_id, version, epoch, sha256: held.sha256, issued_at, expires_at, threshold, root_key_ids: keyids },
			text: printable(text.join('\n')),
		};
	}
}
