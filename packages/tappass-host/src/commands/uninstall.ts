import type { Answer } from '@tappass/cli-kit';
import { TapPassError } from '@tappass/core';
import { enrollingPlaces, sandboxPlaces, setAsidePlaces } from '../state/places.ts';
import type { CommandContext } from './context.ts';

/**
 * Ends a sandbox on this host: its agent, its certificate and key, its keyring and logs. The operator's record of it stays.
 * @throws {TapPassError} not_found
 */
export async function uninstall(context: CommandContext, name: string): Promise<Answer> {
	const { files, places } = context;
	const { directory } = sandboxPlaces(places.state, name);
	const staging = enrollingPlaces(places.state, name);
	if ((await files.list(directory)).length === 0 && (await files.list(staging.directory)).length === 0)
		throw new TapPassError('not_found', { detail: `no sandbox ${name} on this host` });
	// A daemon that runs lets go first: it would write what is being removed.
	await letGo(context, name);
	// A name that nothing takes for a sandbox, so that a crash leaves no half of one.
	const gone = `${places.state}/.${name}.removed`;
	await files.remove(gone);
	if ((await files.list(directory)).length > 0) await files.moveDirectory(directory, gone);
	await context.daemon.reload().catch(() => undefined);
	await files.remove(gone);
	await files.remove(staging.directory);
	await files.remove(setAsidePlaces(places.state, name).directory);
	return {
		schema: 'tappass.host.uninstall/1',
		fields: { name, directory },
		text: `${name} is removed from this host\nthe operator ends what it may still do elsewhere: tappass sandbox revoke ${name}`,
	};
}

/** Has a daemon that runs let go of a sandbox, whose agent ends. @throws {TapPassError} what the daemon refuses for */
export async function letGo({ daemon }: CommandContext, name: string): Promise<void> {
	await daemon.release(name).catch((error: unknown) => {
		const code = error instanceof TapPassError ? error.code : undefined;
		if (code !== 'daemon_unreachable' && code !== 'not_found') throw error;
	});
}
