#!/usr/bin/env node
/** Plays the moments of the demo on real programs. Called by bin/quickstart, which sets everything up before. */
import { parseArgs } from 'node:util';
import { type Evidence, moments } from './moments.ts';
import { Unexpected } from './run.ts';
import { openWorld, type World } from './world.ts';

interface Played {
	readonly number: number;
	readonly title: string;
	readonly result: 'pass' | 'fail' | 'not_yet';
	readonly seconds: number;
	readonly ran: readonly string[];
	readonly saw: readonly string[];
}

const { values } = parseArgs({ options: { keep: { type: 'boolean' }, json: { type: 'boolean' } } });
const out = (line: string): void => {
	if (values.json !== true) process.stdout.write(`${line}\n`);
};
const say = (line: string): void => {
	process.stderr.write(`quickstart: ${line}\n`);
};

let world: World | undefined;
let interrupted = false;
const opening = openWorld(say);
for (const signal of ['SIGINT', 'SIGTERM'] as const)
	process.once(signal, () => {
		interrupted = true;
		say('stopping what was started');
		// Whatever has been started by now ends; what is still starting ends when it has.
		opening
			.then(
				(opened) => opened.close(),
				() => {},
			)
			.finally(() => process.exit(130));
	});

try {
	world = await opening;
} catch (error) {
	if (!interrupted) fail(error);
}
if (world !== undefined) await play(world);

async function play(opened: World): Promise<void> {
	const played: Played[] = [];
	for (const { number, title, play } of moments) {
		if (interrupted) return;
		const begun = performance.now();
		out(`\n(${number}) ${title}`);
		const done = play === undefined ? undefined : await attempt(() => play(opened));
		const result = done === undefined ? 'not_yet' : done.failed ? 'fail' : 'pass';
		const { ran, saw } = done ?? { ran: [], saw: [] };
		for (const line of ran) out(`    $ ${line}`);
		for (const line of saw.flatMap((one) => one.split('\n'))) out(`      ${line}`);
		out(`    ${{ pass: 'PASS', fail: 'FAIL', not_yet: 'not yet' }[result]}`);
		played.push({ number, title, result, seconds: Math.round(performance.now() - begun) / 1_000, ran, saw });
	}
	const [passed, failed] = (['pass', 'fail'] as const).map(
		(result) => played.filter((one) => one.result === result).length,
	);
	if (values.keep === true) await keep(opened);
	else await opened.close();
	if (values.json === true)
		process.stdout.write(
			`${JSON.stringify({ schema: 'tappass.quickstart/1', passed, failed, moments: played, urls: opened.urls })}\n`,
		);
	out(`\n${passed} passed, ${failed} failed`);
	process.exit(failed === 0 ? 0 : 1);
}

async function attempt(work: () => Promise<Evidence>): Promise<Evidence & { readonly failed: boolean }> {
	try {
		return { ...(await work()), failed: false };
	} catch (error) {
		const said = error instanceof Unexpected ? error.message : String((error as Error).stack ?? error);
		return { ran: [], saw: [said], failed: true };
	}
}

async function keep(opened: World): Promise<void> {
	const exports = Object.entries(opened.env).map(([name, value]) => `export ${name}=${value}`);
	out(
		[
			'',
			'Everything is still running. In another terminal, from the project:',
			...exports.map((line) => `    ${line}`),
			'    bin/tappass sandbox list',
			'    bin/tappass audit tail',
			'    bin/tappass-host status',
			'    bin/tappass-host shell tenant_b',
			'Press Ctrl-C here to stop it all.',
		].join('\n'),
	);
	await new Promise<void>(() => {
		// Held open: until a signal ends it.
		setInterval(() => {}, 60_000);
	});
}

function fail(error: unknown): never {
	process.stderr.write(`quickstart: error: ${error instanceof Error ? error.message : String(error)}\n`);
	process.exit(1);
}
