/** Writes the pages that are made from the programs: `npm run docs:cli`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cliPage } from './cli-page.ts';
import { root } from './repository.ts';

writeFileSync(join(root, 'docs', 'cli.md'), await cliPage());
