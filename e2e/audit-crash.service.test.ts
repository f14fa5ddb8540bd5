/**
 * `tappass server start`, killed again and again while operators and callers use it: nothing that was answered is missing
 * from the log or there twice, nothing happened without its entry, and no checkpoint was taken back.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseVkey, verifyLog } from '@tappass/audit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { firstKey, type ServerProcess, startServerProcess, Terminal } from './support/operator.ts';

const runs = Number(process.env['CRASH_RUNS'] ?? 20);
const callers = 4;

let ada: Terminal;
let server: ServerProcess;
let token: string;

beforeAll(async () => {
	ada = new Terminal();
	server = await startServerProcess(ada);
	token = await signIn();
}, 60_000);
afterAll(async () => {
	await server.stop();
	ada.close();
}, 60_000);

interface Answer {
	readonly status: number;
	// biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects, and fails when it is not there.
	readonly body: any;
}

async function ask(
	method: string,
	path: string,
	body?: unknown,
	headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
	const sent = await fetch(server.url + path, {
		method,
		headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
		...(body === undefined ? {} : { body: JSON.stringify(body) }),
		signal: AbortSignal.timeout(20_000),
	});
	return { status: sent.status, body: await sent.json() };
}

async function signIn(): Promise<string> {
	const sent = await fetch(`${server.url}/v1/auth/token`, {
		method: 'POST',
		headers: { authorization: `Bearer ${firstKey(ada)}` },
	});
	return ((await sent.json()) as { token: string }).token;
}

const fileOf = async (path: string): Promise<Uint8Array | undefined> => {
	const sent = await fetch(`${server.url}${path}`, { headers: { authorization: `Bearer ${token}` } });
	return sent.ok ? new Uint8Array(await sent.arrayBuffer()) : undefined;
};

/** Makes teams until it is told to stop. What got no answer is asked again under its idempotency key. */
async function makeTeams(name: string, made: Map<string, string>, stopped: () => boolean): Promise<void> {
	for (let number = 0; !stopped(); number += 1) {
		const team = { name: `${name}-${number}`, project: null, agent: null };
		for (let isMade = false; !isMade; ) {
			const answer = await ask('POST', '/v1/teams', team, { 'idempotency-key': team.name }).catch(() => undefined);
			if (answer?.status === 200 || answer?.status === 201) made.set(team.name, answer.body.id as string);
			isMade = made.has(team.name);
			if (!isMade) await sleep(50);
		}
	}
}

/** Ends PostgreSQL as a machine that loses its power would. */
async function killEngine(): Promise<void> {
	const data = join(ada.directory, 'data', 'tappass', 'server', 'postgres', 'data');
	process.kill(Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0]), 'SIGKILL');
	// A server without its engine ends by itself.
	for (let tries = 0; server.runs() && tries < 400; tries += 1) await sleep(25);
	await server.kill();
}

async function startAgain(): Promise<void> {
	const operator = Number(new URL(server.url).port);
	// The backends of an engine that was killed end within moments; until then another does not start.
	for (let tries = 0; ; tries += 1) {
		try {
			server = await startServerProcess(ada, { operator });
			break;
		} catch (error) {
			if (tries === 20) throw error;
			await sleep(250);
		}
	}
	token = await signIn();
}

// biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects, and fails when it is not there.
async function pages(path: string): Promise<readonly any[]> {
	const items: unknown[] = [];
	for (let cursor: string | null = null; ; ) {
		const { status, body } = await ask('GET', `${path}&limit=500${cursor === null ? '' : `&cursor=${cursor}`}`);
		if (status === 429) {
			await sleep(500);
			continue;
		}
		expect(status, JSON.stringify(body)).toBe(200);
		items.push(...body.items);
		const next = (body.next_cursor === undefined ? body.cursor : body.next_cursor) as string | null;
		if (next === null || body.items.length === 0) return items;
		cursor = next;
	}
}

describe('the server that is shipped', () => {
	test(
		`loses nothing that it answered over ${runs} times kill -9: of the server, of its engine, of both`,
		async () => {
			const made = new Map<string, string>();
			const checkpoints = new Map<string, Uint8Array>();
			const { url: log } = (await ask('GET', '/v1/audit/log')).body as { url: string };
			let isOver = false;
			const work = Array.from({ length: callers }, (_, at) => makeTeams(`team-${at}`, made, () => isOver));
			const untilMore = async (count: number): Promise<void> => {
				for (const before = made.size; made.size < before + count; ) await sleep(10);
			};
			for (let run = 0; run < runs; run += 1) {
				await untilMore(20);
				// Every other time something was signed since the last crash, so that there is something to take back.
				for (const before = checkpoints.size; run % 2 === 0 && checkpoints.size === before; await sleep(100)) {
					const signed = await fileOf(`${log}/checkpoint`);
					if (signed !== undefined) checkpoints.set(Buffer.from(signed).toString(), signed);
				}
				// Somewhere in the middle of a request, a commit, a batch or a signature.
				await sleep(Math.random() * 300);
				if (run % 3 !== 1) await server.kill();
				if (run % 3 !== 0) await killEngine();
				await startAgain();
			}
			await untilMore(20);
			isOver = true;
			await Promise.all(work);
			await server.kill();
			await startAgain();
			for (let tries = 0; tries < 300; tries += 1) {
				const { body } = await ask('GET', '/v1/audit/log');
				if (body.pending === 0 && body.checkpoint?.size === body.size) break;
				await sleep(100);
			}

			const teams = (await pages('/v1/teams?')).map(({ name }) => name as string).filter((name) => /^team-/.test(name));
			const entries = await pages('/v1/audit/events?order=asc');
			const created = entries.filter(({ type }) => type === 'team.created');
			const { vkey } = (await ask('GET', '/v1/audit/log')).body as { vkey: string };
			const reader = { read: (path: string) => fileOf(`${log}/${path}`) };
			for (const since of checkpoints.values()) {
				const verified = await verifyLog(reader, { key: parseVkey(vkey), since });
				expect(verified.checkpoint.size).toBe(entries.length);
			}

			expect(made.size).toBeGreaterThan(runs * 20);
			expect([...made.keys()].filter((name) => !teams.includes(name))).toEqual([]);
			expect(new Set(teams).size).toBe(teams.length);
			// One entry for each, and none for what did not happen.
			expect(created.length).toBe(teams.length);
			expect(new Set(created.map(({ request_id }) => request_id)).size).toBe(created.length);
			expect(new Set(entries.map(({ event_id }) => event_id)).size).toBe(entries.length);
			expect(entries.map(({ index }) => index)).toEqual(entries.map((_, at) => at));
		},
		120_000 + runs * 15_000,
	);
});
