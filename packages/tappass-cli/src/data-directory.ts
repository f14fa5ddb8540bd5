import { homedir } from 'node:os';
import { join } from 'node:path';
import { Flags } from '@oclif/core';
import type { OptionFlag } from '@oclif/core/interfaces';

/** Where the server keeps what it has when nobody says otherwise: the user's own data directory. */
const fallback = join(process.env['XDG_DATA_HOME'] ?? join(homedir(), '.local', 'share'), 'tappass', 'server');

/** `--data <dir>`, shared by the commands about the local server. */
export const dataFlag: OptionFlag<string> = Flags.string({
	default: fallback,
	defaultHelp: async () => '~/.local/share/tappass/server',
	helpValue: '<dir>',
	description: 'data directory',
});
