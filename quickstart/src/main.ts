#!/usr/bin/env node
/** Plays the moments of the demo on real programs. Called by bin/quickstart, which sets everything up before. */
import { parseArgs } from 'node:util';
import { createTerminal } from '@tappass/cli-kit';
import { type Evidence, moments } from './moments.ts';
import { Unexpected } from './run.ts';
import { openWorld, type World } from './world.ts';

interface Played {
	readonly number: number;
	readonly title: string;
	readonly proves: string;
	readonly result: 'pass' | 'fail' | 'not_yet';
	readonly seconds: number;
	readonly ran: readonly string[];
	readonly saw: readonly string[];
}

const { values } = parseArgs({ options: { keep: { type: 'boolean' }, json: { type: 'boolean' } } });
const { style, stdout } = createTerminal({ name: 'quickstart', json: values.json === true });
const out = (line: string): void => {
	if (values.json !== true) stdout.write(`${line}\n`);
};
const say = (line: string): void => {
	process.stderr.write(`quickstart: ${line}\n`);
};

// A terminal that was closed takes no more words; what was started ends all the same.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

// Once everything has been shown and is only kept running, being stopped is how it is meant to end.
let kept = false;
const interruption = new AbortController();
const interrupted = interruption.signal;
// Not once: a second Ctrl-C would end this process, and leave what it started.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
	process.on(signal, () => {
		say(interrupted.aborted ? 'still stopping what was started' : 'stopping what was started');
		interruption.abort();
	});

const words = { pass: style.green('PASS'), fail: style.red('FAIL'), not_yet: style.yellow('not yet') };

let world: World | undefined;
try {
	world = await openWorld(say, interrupted);
	process.exitCode = await show(world, await play(world));
} catch (error) {
	if (!interrupted.aborted) say(`error: ${error instanceof Error ? error.message : String(error)}`);
	process.exitCode = 1;
} finally {
	await world?.close();
}
process.exit(interrupted.aborted && !kept ? 130 : process.exitCode);

/** Says how it went, and with `--keep` waits until it is told to stop. Returns the exit code. */
async function show(opened: World, played: readonly Played[]): Promise<number> {
	const [passed, failed] = (['pass', 'fail'] as const).map(
		(result) => played.filter((one) => one.result === result).length,
	);
	if (interrupted.aborted) return 130;
	kept = values.keep === true;
	if (kept) tell(opened);
	// What nobody is going to look at any more ends before the last line.
	else await opened.close();
	if (values.json === true) {
		const fields = {
			passed,
			failed,
			moments: played,
			urls: opened.urls,
			...(kept ? { settings: opened.settings } : {}),
		};
		process.stdout.write(`${JSON.stringify({ schema: 'tappass.quickstart/1', ...fields })}\n`);
	}
	out(`\n${passed} passed, ${failed} failed`);
	if (kept) await stopped();
	return failed === 0 ? 0 : 1;
}

/** Plays the moments one after the other; those after an interruption are not played. */
async function play(opened: World): Promise<readonly Played[]> {
	const all: Played[] = [];
	for (const { number, title, proves, play: act } of moments) {
		if (interrupted.aborted) return all;
		const begun = performance.now();
		out(`\n${style.bold(`(${number}) ${title}`)}`);
		out(`    ${style.dim(proves)}`);
		const done = act === undefined ? undefined : await attempt(() => act(opened));
		if (interrupted.aborted) return all;
		const result = done === undefined ? 'not_yet' : done.failed ? 'fail' : 'pass';
		const { ran, saw } = done ?? { ran: [], saw: [] };
		for (const line of ran) out(`    $ ${line}`);
		for (const line of saw.flatMap((one) => one.split('\n'))) out(`      ${line}`);
		out(`    ${words[result]}`);
		all.push({ number, title, proves, result, seconds: Math.round(performance.now() - begun) / 1_000, ran, saw });
	}
	return all;
}

async function attempt(work: () => Promise<Evidence>): Promise<Evidence & { readonly failed: boolean }> {
	try {
		return { ...(await work()), failed: false };
	} catch (error) {
		const said = error instanceof Unexpected ? error.message : String((error as Error).stack ?? error);
		return { ran: [], saw: [said], failed: true };
	}
}

function tell({ settings }: World): void {
	out(
		[
			'',
			'Everything is still running. In another terminal:',
			`    . ${settings}`,
			'    tappass sandbox list',
			'    tappass audit tail',
			'    tappass-host status',
			'    tappass-host shell tenant_b',
			'docs/quickstart.md says what else to try. Press Ctrl-C here to stop it all.',
		].join('\n'),
	);
}

/** Comes back when somebody has asked this process to end. */
async function stopped(): Promise<void> {
	// A signal alone holds no process open.
	const alive = setInterval(() => {}, 60_000);
	if (!interrupted.aborted)
		await new Promise<void>((resolve) => interrupted.addEventListener('abort', () => resolve(), { once: true }));
	clearInterval(alive);
}
