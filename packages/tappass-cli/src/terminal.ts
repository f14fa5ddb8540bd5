import { createTerminal, type Terminal } from '@tappass/cli-kit';

/** The terminal as the arguments ask for it, known before they are parsed so that a usage error speaks JSON too. */
export function terminalOf(argv: readonly string[]): Terminal {
	const end = argv.indexOf('--');
	const options = end === -1 ? argv : argv.slice(0, end);
	return createTerminal({ name: 'tappass', json: options.includes('--json'), color: !options.includes('--no-color') });
}
