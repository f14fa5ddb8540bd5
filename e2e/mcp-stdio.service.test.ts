/**
 * MCP servers that are programs, registered by a command and called by an agent: the real server process starts them. What they
 * do wrong ends as a refusal that says why, and nothing that they started outlives them.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { HostSimulator } from '../packages/server/dist/test-support/host-simulator.js';
import { firstKey, type ServerProcess, startServerProcess, Terminal } from './support/operator.ts';
import { root } from './support/repository.ts';

const program = join(root, 'packages/gateway/dist/test-support/mcp-hostile.js');
const waiting = { timeout: 30_000, interval: 500 };

let ada: Terminal;
let server: ServerProcess;
let host: HostSimulator;
let agentUrl: string;
let token: string;
let turns = 0;

beforeAll(async () => {
	ada = new Terminal({ TAPPASS_TEST_OURS: 'fixture-not-to-be-seen' });
	server = await startServerProcess(ada);
	await succeeds(`tappass login --server ${server.url} --key-file -`, firstKey(ada));
	agentUrl = (await ada.json('tappass server status')).urls.agent;
	const folder = join(ada.directory, 'policy');
	mkdirSync(folder);
	writeFileSync(join(folder, 'floor.rego'), floor);
	writeFileSync(join(folder, 'spec.yaml'), spec);
	await succeeds(`tappass policy apply --level org ${join(folder, 'floor.rego')}`);
	await succeeds(`tappass sandbox-spec create ${join(folder, 'spec.yaml')} --project desk`);
	const url = (await succeeds('tappass sandbox-spec emit-bootstrap steward')).trim();
	host = await HostSimulator.enrol(url, { name: 'tenant_a' });
	expect(await host.stream()).toBe(200);
	await openSession();
}, 180_000);
afterAll(async () => {
	host?.stop();
	await server?.stop();
	ada.close();
}, 60_000);

const floor = `package tappass.policy

tools.allow contains "collibra-chip.*"
trust_level := "autonomous"
budget.tool_calls_per_minute := 600
`;
const spec = `schema: tappass.sandbox-spec/1
id: steward
description: Calls a program that misbehaves.
runtime: node-bubblewrap
function: collibra_steward
categories: [metadata_catalog]
packs: []
workspace: /workspace
`;

async function openSession(): Promise<void> {
	const { body } = await host.call('POST', '/v1/sync/sessions', { schema: 'tappass.session/1', detail: {} });
	const { keyring } = body as unknown as { keyring: { freshness: { payload: string } } };
	const { tokens } = JSON.parse(Buffer.from(keyring.freshness.payload, 'base64').toString('utf8'));
	token = tokens.gateway_token as string;
}
async function succeeds(line: string, input = ''): Promise<string> {
	const done = await ada.run(line, input);
	expect(done.exit, `${line}\n${done.stderr}`).toBe(0);
	return done.stdout;
}
const register = (mode = ''): Promise<string> =>
	succeeds(`tappass mcp register collibra-chip --replace --command ${process.execPath} -- ${program} ${mode}`);

// biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects, and fails when it is not there.
type Reply = { readonly status: number; readonly body: any };
async function act(what: string): Promise<Reply> {
	// Tests that wait ask again and again: calls of one shape, by which loop_guard would take them for a runaway.
	turns += 1;
	const sent = await fetch(`${agentUrl}/v1/tools/execute`, {
		method: 'POST',
		headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
		body: JSON.stringify({ tool: 'collibra-chip.get_asset_details', arguments: { do: what, [`turn-${turns}`]: true } }),
	});
	return { status: sent.status, body: await sent.json() };
}
const textOf = ({ body }: Reply): string => body.result?.content?.[0]?.text ?? JSON.stringify(body);
function isRunning(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return true;
	} catch {
		return false;
	}
}
const untilGone = (pids: readonly number[]): Promise<void> =>
	vi.waitFor(() => expect(pids.filter(isRunning)).toEqual([]), waiting);

describe('a program that cannot be used', () => {
	test.each([
		['is not there', '--command /nonexistent/program', 'there is no such program', 'upstream_unreachable'],
		['ends at once', `--command ${process.execPath} -- ${program} --die`, 'ended with code 7', 'upstream_truncated'],
		[
			'prints what is no message',
			`--command ${process.execPath} -- ${program} --chatter`,
			'no JSON-RPC on its standard output',
			'upstream_malformed',
		],
		[
			'never answers',
			`--command ${process.execPath} -- ${program} --mute`,
			'did not answer initialize in time',
			'upstream_timeout',
		],
	])(
		'since it %s is said to be so by mcp test',
		async (_, how, why, code) => {
			await succeeds(`tappass mcp register collibra-chip --replace ${how}`);

			const tried = await ada.run('tappass mcp test collibra-chip');

			expect([tried.exit, tried.stdout]).toEqual([1, expect.stringContaining('collibra-chip cannot be used: ')]);
			expect(tried.stdout).toContain(why);
			expect(tried.stdout).toContain(`[${code}]`);
		},
		60_000,
	);
});

describe('a program that agents call', () => {
	test('is listed by mcp test, and hears of none of the variables of the server', async () => {
		await register();

		expect(await succeeds('tappass mcp test collibra-chip')).toMatch(/collibra-chip\.get_asset_details +catalog/);
		const names = await vi.waitFor(async () => {
			const reply = await act('env');
			expect(reply.status, JSON.stringify(reply.body)).toBe(200);
			return textOf(reply);
		}, waiting);
		expect(names).toContain('PATH');
		expect(names).not.toMatch(/TAPPASS|XDG|PG/);
	});

	test.each([
		['crashes', 'crash', 502, 'upstream_truncated'],
		['floods its output', 'flood', 502, 'upstream_malformed'],
		['answers without end', 'huge', 502, 'upstream_malformed'],
	])('and that %s is refused with a code, and started again', async (_, what, status, code) => {
		const pid = await vi.waitFor(async () => {
			const found = Number(textOf(await act('pid')));
			expect(found).toBeGreaterThan(0);
			return found;
		}, waiting);

		const reply = await act(what);

		expect([reply.status, reply.body.code]).toEqual([status, code]);
		await untilGone([pid]);
		await vi.waitFor(async () => expect(Number(textOf(await act('pid')))).toBeGreaterThan(0), waiting);
	});

	test('and that crashes time after time is started later each time, which a refusal says', async () => {
		const said: string[] = [];
		await vi.waitFor(async () => {
			const { body } = await act('crash');
			said.push(`${body.code} ${body.detail}`);
			expect(said.at(-1)).toMatch(/upstream_unreachable .*failed \d times in a row and is started again in \d+ s/);
		}, waiting);
		await vi.waitFor(async () => expect((await act('noise')).status).toBe(200), waiting);
	});

	test('goes with all that it has started when it is removed, and when the server stops', async () => {
		const family = async (): Promise<readonly number[]> => {
			const said = [textOf(await act('pid')), textOf(await act('fork'))];
			expect(said).toEqual([expect.stringMatching(/^\d+$/), expect.stringMatching(/^\d+$/)]);
			return said.map(Number);
		};
		const removed = await vi.waitFor(async () => {
			const pids = await family();
			expect(pids.map(isRunning)).toEqual([true, true]);
			return pids;
		}, waiting);

		await succeeds('tappass mcp remove collibra-chip');
		// A connection goes when its entry is seen to be gone, with the next call.
		await vi.waitFor(async () => expect((await act('pid')).status).toBe(404), waiting);
		await untilGone(removed);

		await register();
		const last = await vi.waitFor(async () => {
			const pids = await family();
			expect(pids.map(isRunning)).toEqual([true, true]);
			return pids;
		}, waiting);
		expect(await server.stop()).toBe(0);
		await untilGone(last);
	}, 60_000);
});
