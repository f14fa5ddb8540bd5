/**
 * `npm run bench -- <area>`: runs one area's benchmark and prints its figures as one JSON object on stdout.
 * An area is a file beside this one that exports `run()`.
 */
import { readdirSync } from 'node:fs';
import { cpus } from 'node:os';

interface Area {
	/** Figures by name; units last in the name (`p50_us`, `decisions_per_second`). */
	readonly run: () => Promise<Readonly<Record<string, unknown>>>;
}

const areas = readdirSync(import.meta.dirname)
	.filter((file) => file.endsWith('.js') && !['main.js', 'measure.js'].includes(file))
	.map((file) => file.slice(0, -3))
	.sort();
const [area] = process.argv.slice(2);
if (area === undefined || !areas.includes(area)) {
	process.stderr.write(
		`bench: error: expected one of: ${areas.join(', ')}\nbench: hint: npm run bench -- ${areas[0] ?? '<area>'}\n`,
	);
	process.exitCode = 2;
} else {
	const { run }: Area = await import(`./${area}.js`);
	const figures = await run();
	const machine = { node: process.version, cores: cpus().length, cpu: cpus()[0]?.model };
	process.stdout.write(`${JSON.stringify({ schema: 'tappass.bench/1', area, machine, figures }, null, 2)}\n`);
}
