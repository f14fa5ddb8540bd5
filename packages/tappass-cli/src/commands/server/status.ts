import type { Command, Interfaces } from '@oclif/core';
import { type Answer, printable, type Terminal } from '@tappass/cli-kit';
import { TapPassError } from '@tappass/core';
import { type LocalStatus, localStatus } from '@tappass/server';
import { OperatorCommand } from '../../command.ts';
import { dataFlag } from '../../data-directory.ts';
import { connect } from '../../remote/connect.ts';
import { serverFlag } from '../../remote/settings.ts';
import { type StatusView, status } from '../../remote/shapes.ts';
import { statusLines } from '../../views/status.ts';

const flags = { data: dataFlag, server: serverFlag };
const schema = 'tappass.server.status/1';

/** `tappass server status`: whether a server runs, and what it has yet to derive. */
export default class ServerStatus extends OperatorCommand {
	static override summary = 'Say whether a server runs, where it listens, and what it has yet to derive.';
	static override description =
		'Looks at the data directory of this machine; with --server asks a server anywhere. What it has yet to derive is told to whoever is signed in. Exit code 1 when none runs.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %>',
		'<%= config.bin %> <%= command.id %> --server https://tappass.acme.example --json',
	];
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(_: Terminal): Promise<Answer> {
		const { flags: chosen } = await this.parse({ flags, baseFlags: OperatorCommand.baseFlags });
		if (chosen.server !== undefined) {
			const org = await (await connect(chosen.server)).get('/v1/status', status);
			const { version, ...rest } = org;
			return {
				schema,
				fields: { running: true, version, org: rest },
				text: printable([`${chosen.server}, version ${version}.`, ...statusLines(org)].join('\n')),
			};
		}
		const local = await localStatus(chosen.data);
		if (local === null)
			return { schema, fields: { running: false }, text: `No server runs on ${chosen.data}.`, exit: 1 };
		const org = await askIfSignedIn(local.urls['operator'] ?? null);
		const text = [...localLines(local), ...(org === null ? [] : statusLines(org))];
		return { schema, fields: { running: true, ...local, org }, text: printable(text.join('\n')) };
	}
}

function localLines({ pid, version, started_at, urls }: LocalStatus): readonly string[] {
	const where = Object.entries(urls).map(([plane, url]) => `  ${plane.padEnd(8)}  ${url ?? 'not in this process'}`);
	return [`Process ${pid}, version ${version}, up since ${started_at}.`, ...where];
}

// Whoever is not signed in is still told that it runs.
async function askIfSignedIn(url: string | null): Promise<StatusView | null> {
	if (url === null) return null;
	try {
		return await (await connect(url)).get('/v1/status', status);
	} catch (error) {
		if (error instanceof TapPassError && ['unauthenticated', 'forbidden', 'usage'].includes(error.code)) return null;
		throw error;
	}
}
