import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Command, Flags, type Interfaces } from '@oclif/core';
import { type Answer, printable, type Terminal } from '@tappass/cli-kit';
import { TapPassError } from '@tappass/core';
import { localStatus } from '@tappass/server';
import { OperatorCommand } from '../command.ts';
import { dataFlag } from '../data-directory.ts';
import { ApiClient } from '../remote/api-client.ts';
import { keyFromEnvironment } from '../remote/connect.ts';
import { credentialsFile, parseKey, readCredentials, readKey, writeCredentials } from '../remote/credentials.ts';
import { defaultServer, parseServer, serverFlag } from '../remote/settings.ts';
import { whoami } from '../remote/shapes.ts';

const flags = {
	server: serverFlag,
	'key-file': Flags.string({ helpValue: '<file>', description: 'file with an API key, or - for standard input' }),
	data: dataFlag,
};

/** `tappass login`: keeps an API key for a server, once the server has taken it. */
export default class Login extends OperatorCommand {
	static override summary = 'Sign in to a server with an API key.';
	static override description =
		'Without a key, on the machine where tappass server start made it, takes the first operator’s key from the data directory. The key is kept in a file that only you may read, for that server alone; commands exchange it for tokens of 15 minutes.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %>',
		'<%= config.bin %> <%= command.id %> --server https://tappass.acme.example --key-file key.txt',
		'pass show tappass | <%= config.bin %> <%= command.id %> --server https://tappass.acme.example --key-file -',
	];
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(_: Terminal): Promise<Answer> {
		const { flags: chosen } = await this.parse({ flags, baseFlags: OperatorCommand.baseFlags });
		const { server, key } = await findKey(chosen);
		const client = new ApiClient({ server, key });
		await client.signIn();
		const who = await client.get('/v1/whoami', whoami);
		const held = await readCredentials();
		await writeCredentials({ ...held, current: server, servers: { ...held.servers, [server]: { key } } });
		return {
			schema: 'tappass.login/1',
			fields: { server, email: who.email, org_id: who.org_id, credentials_file: credentialsFile() },
			text: printable(`Signed in to ${server} as ${who.email}.`),
		};
	}
}

interface Chosen {
	readonly server: string | undefined;
	readonly 'key-file': string | undefined;
	readonly data: string;
}

// A configuration in the working directory is not asked: a new key goes where it is said here, or to this machine.
async function findKey(chosen: Chosen): Promise<{ readonly server: string; readonly key: string }> {
	const named = chosen.server ?? process.env['TAPPASS_SERVER'];
	const source = chosen.server === undefined ? 'environment' : 'flag';
	const local = (await localStatus(chosen.data))?.urls['operator'] ?? undefined;
	const server = named ? parseServer(named, '--server') : (local ?? defaultServer);
	const file = chosen['key-file'];
	const given = file === undefined ? await keyFromEnvironment({ url: server, source }) : await readKey(file);
	if (given !== undefined) return { server, key: given };
	const own = join(chosen.data, 'credentials', 'operator.key');
	// The first operator's key is of the server in this data directory, so it goes to no other.
	if (local !== undefined && server === local) {
		const text = await readFile(own, 'utf8').catch(() => undefined);
		if (text !== undefined) return { server, key: parseKey(text, own) };
	}
	throw new TapPassError('unauthenticated', {
		detail: local === undefined ? `no server runs on ${chosen.data}, and no key is given` : `there is no key in ${own}`,
		hint: 'name a file with an API key: --key-file <file>, or - for standard input; on the machine of the server, tappass server start first',
	});
}
