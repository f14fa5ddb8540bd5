import { Flags } from '@oclif/core';
import type { OptionFlag } from '@oclif/core/interfaces';
import { parseWith, TapPassError } from '@tappass/core';
import { cosmiconfig } from 'cosmiconfig';
import { z } from 'zod';

/** Where the address of the server comes from; what a file in the working directory says is trusted least. */
export type ServerSource = 'flag' | 'environment' | 'config' | 'login' | 'default';

/** The server that a command speaks to. */
export interface ChosenServer {
	/** `https://tappass.acme.example`, no slash at the end. */
	readonly url: string;
	readonly source: ServerSource;
}

/** Where `server start` listens unless it is told otherwise. */
export const defaultServer = 'http://127.0.0.1:7600';

/** `--server <url>`, of every command that speaks to a server. The environment is read by `chooseServer`. */
export const serverFlag: OptionFlag<string | undefined> = Flags.string({
	helpValue: '<url>',
	helpGroup: 'SERVER',
	description: `operator API (default: TAPPASS_SERVER, tappass.config.yaml, the last login, ${defaultServer})`,
});

const configSchema = z.strictObject({ server: z.string().optional() });

/**
 * The server to speak to: flag, else environment, else `tappass.config.yaml` or `.json` here or in a directory above up
 * to the project's own, else the last login.
 *
 * @param last address of the last login
 * @throws {TapPassError} usage, schema_invalid
 */
export async function chooseServer(flag: string | undefined, last: string | undefined): Promise<ChosenServer> {
	if (flag !== undefined) return { url: parseServer(flag, '--server'), source: 'flag' };
	const environment = process.env['TAPPASS_SERVER'];
	if (environment) return { url: parseServer(environment, 'TAPPASS_SERVER'), source: 'environment' };
	const config = await readConfig();
	if (config !== undefined) return { url: parseServer(config.server, config.file), source: 'config' };
	if (last !== undefined) return { url: last, source: 'login' };
	return { url: defaultServer, source: 'default' };
}

// Data only: a configuration that is a program would run whatever lies in the directory one happens to stand in.
const places = ['tappass.config.yaml', 'tappass.config.yml', 'tappass.config.json'];

async function readConfig(): Promise<{ readonly server: string; readonly file: string } | undefined> {
	const explorer = cosmiconfig('tappass', {
		searchPlaces: places,
		searchStrategy: 'project',
		mergeSearchPlaces: false,
	});
	const found = await explorer.search().catch((cause: unknown) => {
		throw new TapPassError('schema_invalid', { detail: 'tappass.config.* cannot be read', cause });
	});
	if (found === null || found.isEmpty) return undefined;
	const { server } = parseWith(configSchema, found.config, found.filepath);
	return server === undefined ? undefined : { server, file: found.filepath };
}

/**
 * An address that a key may be sent to: https, or http on this machine alone.
 * @param where what names it, for the message
 * @throws {TapPassError} usage
 */
export function parseServer(text: string, where: string): string {
	const url = URL.parse(text);
	const hint = 'write https://host, or http://127.0.0.1:7600 on this machine';
	if (url === null || !['http:', 'https:'].includes(url.protocol))
		throw new TapPassError('usage', { detail: `${where}: ${JSON.stringify(text)} is no address of a server`, hint });
	if (url.username !== '' || url.password !== '')
		throw new TapPassError('usage', { detail: `${where}: an address holds no password`, hint: 'tappass login' });
	if (url.pathname !== '/' || url.search !== '' || url.hash !== '')
		throw new TapPassError('usage', { detail: `${where}: the address goes on after the host`, hint });
	if (url.protocol === 'http:' && !isLoopback(url.hostname))
		throw new TapPassError('usage', { detail: `${where}: keys do not go over http to another machine`, hint });
	return url.origin;
}

function isLoopback(host: string): boolean {
	return host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);
}
