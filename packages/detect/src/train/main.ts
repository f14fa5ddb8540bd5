/**
 * Trains both models and writes their modules: `npm run detect:train -- [folder of the data]`. The same data gives the same
 * weights.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasData } from './data.ts';
import { injectionData, peopleData } from './folds.ts';
import { trainInjection } from './injection.ts';
import { nameLists, namesModule, packNames } from './names.ts';
import { moduleOf, pack } from './pack.ts';
import { trainPeople } from './people.ts';

const root = join(import.meta.dirname, '..', '..', '..', '..');
const folder = process.argv[2] ?? join(root, '..', 'shared', 'datasets');
if (hasData(folder)) {
	const source = join(root, 'packages', 'detect', 'src');
	const injection = trainInjection(injectionData(folder));
	writeFileSync(
		join(source, 'injection', 'injection-weights.ts'),
		moduleOf('injectionWeights', 'Model of injections.', pack(injection.weights, injection.biases)),
	);
	const given = packNames(nameLists().given);
	const family = packNames(nameLists().family);
	writeFileSync(join(source, 'pii', 'name-lists.ts'), namesModule(given, family));
	const people = trainPeople(peopleData(folder));
	writeFileSync(
		join(source, 'pii', 'people-weights.ts'),
		moduleOf('peopleWeights', 'Model of names and addresses.', pack(people.weights, people.transitions)),
	);
	process.stdout.write('wrote injection-weights.ts and people-weights.ts; build before using them\n');
} else {
	process.stderr.write(`detect:train: error: no labelled data: expected detectors/*.jsonl in ${folder}\n`);
	process.exitCode = 2;
}
