import { homedir } from 'node:os';
import { join } from 'node:path';
import { Flags } from '@oclif/core';
import type { OptionFlag } from '@oclif/core/interfaces';

/**
 * Where the server keeps what it has when nobody says otherwise: the user's own data directory. Root's home is closed to
 * the user that the embedded engine runs as, so root's is the system's.
 */
export const defaultDataDirectory: string = join(
	process.env['XDG_DATA_HOME'] || (process.getuid?.() === 0 ? '/var/lib' : join(homedir(), '.local', 'share')),
	'tappass',
	'server',
);

/** `--data <dir>`, shared by the commands about the local server. */
export const dataFlag: OptionFlag<string> = Flags.string({
	default: async () => defaultDataDirectory,
	defaultHelp: async () => '~/.local/share/tappass/server, as root /var/lib/tappass/server',
	noCacheDefault: true,
	helpValue: '<dir>',
	description: 'data directory',
});
