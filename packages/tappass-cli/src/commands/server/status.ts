import type { Interfaces } from '@oclif/core';
import type { Answer, Terminal } from '@tappass/cli-kit';
import { localStatus } from '@tappass/server';
import { OperatorCommand } from '../../command.ts';
import { dataFlag } from '../../data-directory.ts';

const flags = { data: dataFlag };

/** `tappass server status`: whether a server runs on a data directory. */
export default class ServerStatus extends OperatorCommand {
	static override summary = 'Say whether a server runs on a data directory, and where it listens.';
	static override description = 'Exit code 1 when none runs.';
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(_: Terminal): Promise<Answer> {
		const { flags: chosen } = await this.parse({ flags, baseFlags: OperatorCommand.baseFlags });
		const status = await localStatus(chosen.data);
		if (status === null)
			return {
				schema: 'tappass.server.status/1',
				fields: { running: false },
				text: `No server runs on ${chosen.data}.`,
				exit: 1,
			};
		const where = Object.entries(status.urls).map(
			([plane, url]) => `  ${plane.padEnd(8)}  ${url ?? 'not in this process'}`,
		);
		return {
			schema: 'tappass.server.status/1',
			fields: { running: true, ...status },
			text: [`Process ${status.pid}, version ${status.version}, up since ${status.started_at}.`, ...where].join('\n'),
		};
	}
}
