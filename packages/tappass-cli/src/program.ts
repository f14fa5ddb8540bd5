import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Config } from '@oclif/core';

// Start-up is mostly compiling JavaScript. The cache lies in the user's own directory: in a shared one, somebody else could
// put code there for us to run. What help does not need is loaded later.
enableCompileCache(join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'tappass', 'compile'));
process.once('SIGINT', () => process.exit(130));
const argv = process.argv.slice(2);

const { settings } = await import('@oclif/core/settings');
// What runs is what was built: with NODE_ENV=development oclif would look for TypeScript, and warn that there is none.
settings.enableAutoTranspile = false;
const { Config: Configuration } = await import('@oclif/core/config');
const { run } = await import('@oclif/core/run');
let config: Config | undefined;
try {
	config = await Configuration.load({ root: import.meta.dirname });
	// As the other two command lines say it: oclif's own form names the package, the machine and Node.
	if (argv[0] === '--version') process.stdout.write(`${config.bin} ${config.version}\n`);
	else await run(argv, config);
} catch (error) {
	const { fail } = await import('./fail.ts');
	process.exitCode = fail(error, argv, config);
}
