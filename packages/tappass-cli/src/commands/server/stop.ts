import { setTimeout as wait } from 'node:timers/promises';
import type { Command, Interfaces } from '@oclif/core';
import { type Answer, startProgress, type Terminal } from '@tappass/cli-kit';
import { TapPassError } from '@tappass/core';
import { localStatus, stopLocal } from '@tappass/server';
import { OperatorCommand } from '../../command.ts';
import { dataFlag } from '../../data-directory.ts';
import { limits } from '../../limits.ts';

const flags = { data: dataFlag };

/** `tappass server stop`: ends the server on a data directory after what is under way. */
export default class ServerStop extends OperatorCommand {
	static override summary = 'Stop the server on a data directory, after what is under way.';
	static override description =
		'Returns when it has ended. Requests under way are finished, and the database engine is stopped last.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %>',
		'<%= config.bin %> <%= command.id %> --data /srv/tappass',
	];
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(terminal: Terminal): Promise<Answer> {
		const { flags: chosen } = await this.parse({ flags, baseFlags: OperatorCommand.baseFlags });
		const status = await stopLocal(chosen.data);
		if (status === null)
			return { schema: 'tappass.server.stop/1', fields: { stopped: false }, text: `No server runs on ${chosen.data}.` };
		const progress = startProgress(terminal, `waiting for process ${status.pid} to finish`);
		const until = Date.now() + limits.serverStopMs;
		while ((await localStatus(chosen.data)) !== null) {
			if (Date.now() > until) {
				progress.stop();
				throw new TapPassError('internal', {
					detail: `process ${status.pid} is still running`,
					hint: 'look at its log',
				});
			}
			await wait(limits.serverPollMs);
		}
		progress.stop();
		return { schema: 'tappass.server.stop/1', fields: { stopped: true, pid: status.pid }, text: 'Stopped.' };
	}
}
