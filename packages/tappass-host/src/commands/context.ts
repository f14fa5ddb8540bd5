import type { Terminal } from '@tappass/cli-kit';
import { type LocalClient, localClient } from '../local-api/client.ts';
import { servedAt } from '../state/claim.ts';
import { diskFiles, type Files } from '../state/files.ts';
import { type Places, placesOf } from '../state/places.ts';

/** What commands work with. */
export interface CommandContext {
	readonly terminal: Terminal;
	readonly places: Places;
	readonly files: Files;
	readonly daemon: LocalClient;
	readonly env: Readonly<Record<string, string | undefined>>;
	/** Path of this program's own file. */
	readonly program: string;
}

/** The context of this process. @throws {TapPassError} usage */
export function commandContext(terminal: Terminal, program: string): CommandContext {
	const own = placesOf(process.env);
	// A daemon that was started in another environment may listen elsewhere; there is one for each state.
	const places = { ...own, socket: servedAt(own.state) ?? own.socket };
	return { terminal, places, files: diskFiles, daemon: localClient(places.socket), env: process.env, program };
}
