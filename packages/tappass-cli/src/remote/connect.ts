import { TapPassError } from '@tappass/core';
import { ApiClient } from './api-client.ts';
import { parseKey, readCredentials, readKey } from './credentials.ts';
import { type ChosenServer, chooseServer } from './settings.ts';

/**
 * A client of the server that the flag, the environment, the configuration or the last login names, with the key for it.
 * @throws {TapPassError} unauthenticated when there is no key for that server; usage
 */
export async function connect(flag: string | undefined): Promise<ApiClient> {
	const credentials = await readCredentials();
	const chosen = await chooseServer(flag, credentials.current ?? undefined);
	const key = (await keyFromEnvironment(chosen)) ?? credentials.servers[chosen.url]?.key;
	if (key === undefined)
		throw new TapPassError('unauthenticated', {
			detail: `there is no key for ${chosen.url}`,
			hint: `sign in first: tappass login${chosen.source === 'default' ? '' : ` --server ${chosen.url} --key-file <file>`}`,
		});
	return new ApiClient({ server: chosen.url, key });
}

/**
 * A client of the server at exactly this address, when this user has a key for it: by an earlier login, or from the environment
 * when `TAPPASS_SERVER` names the same address. A key goes nowhere else.
 */
export async function clientAt(origin: string): Promise<ApiClient | undefined> {
	const named = process.env['TAPPASS_SERVER'];
	const isNamed = !!named && URL.parse(named)?.origin === origin;
	const chosen: ChosenServer = { url: origin, source: 'environment' };
	const key =
		(isNamed ? await keyFromEnvironment(chosen) : undefined) ?? (await readCredentials()).servers[origin]?.key;
	return key === undefined ? undefined : new ApiClient({ server: origin, key });
}

/** The key in `TAPPASS_API_KEY`, or in the file that `TAPPASS_KEY_FILE` names. @throws {TapPassError} usage, file_unreadable */
export async function keyFromEnvironment({ source, url }: ChosenServer): Promise<string | undefined> {
	const text = process.env['TAPPASS_API_KEY'];
	const file = process.env['TAPPASS_KEY_FILE'];
	if (!text && !file) return undefined;
	// Whoever can put a file into the directory could otherwise have the key sent to himself.
	if (source === 'config')
		throw new TapPassError('usage', {
			detail: `a key from the environment is not sent to ${url}, which only tappass.config names`,
			hint: `set TAPPASS_SERVER=${url} too, if that is where it shall go`,
		});
	return text ? parseKey(text, 'TAPPASS_API_KEY') : readKey(file!);
}
