import { fileURLToPath } from 'node:url';
import type { OrgId } from '@tappass/core';
import { Agent } from 'undici';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { McpServer } from '../../ports.ts';
import { mcpLimits } from '../limits.ts';
import type { RpcAnswer } from '../rpc.ts';
import { lonely } from './connection.ts';
import { ConnectionPool } from './pool.ts';

/* Programs that misbehave, as real processes: each ends as a coded fault, and none of them, nor what they started, stays. */

const program = fileURLToPath(new URL('../../test-support/mcp-hostile.ts', import.meta.url));
const org_id = 'org_acme01' as OrgId;
let agent: Agent;
let pool: ConnectionPool;
let now = 0;

beforeEach(() => {
	now = 0;
	agent = new Agent();
	const secret = async (): Promise<string> => 'fixture-secret';
	pool = new ConnectionPool({ list: async () => [], secret }, agent, () => now);
});
afterEach(async () => {
	await pool.close();
	await agent.close();
});

function server(...args: readonly string[]): McpServer {
	return {
		name: 'hostile',
		transport: { kind: 'stdio', command: process.execPath, args: [program, ...args] },
		credentials: { HOSTILE_KEY: 'vault://key' },
		auto_approve: false,
		revision: 1,
	};
}
async function act(what: string, signal: AbortSignal = new AbortController().signal): Promise<RpcAnswer> {
	const connection = await pool.get(org_id, server());
	return connection.request('tools/call', { name: 'x', arguments: { do: what } }, lonely(signal));
}
function textOf(answer: RpcAnswer): string {
	const { content } = (answer.kind === 'result' ? answer.result : {}) as { content?: readonly { text: string }[] };
	return content?.[0]?.text ?? JSON.stringify(answer);
}
function isRunning(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return true;
	} catch {
		return false;
	}
}
const untilGone = (...pids: readonly number[]): Promise<void> =>
	expect.poll(() => pids.filter(isRunning), { timeout: 10_000 }).toEqual([]);

describe('a program that is called', () => {
	it.each([
		['crashes', 'crash', 'upstream_truncated', 'the program ended with code 3'],
		['is killed', 'killed', 'upstream_truncated', 'the program was ended by SIGKILL'],
		['floods its output with lines that are no message', 'flood', 'upstream_malformed', 'no JSON-RPC'],
		['says one line without end', 'endless', 'upstream_malformed', 'in one line'],
		['answers with more than is held', 'huge', 'upstream_malformed', 'in one line'],
		['says half a message', 'broken', 'upstream_malformed', 'no strict JSON'],
	])(
		'and %s ends the call with a code, is gone, and the next call reaches a new one',
		async (_, what, code, detail) => {
			const pid = Number(textOf(await act('pid')));

			await expect(act(what)).rejects.toMatchObject({ code, detail: expect.stringContaining(detail) });

			await untilGone(pid);
			expect(Number(textOf(await act('pid')))).not.toBe(pid);
		},
	);

	it('and hangs is told that the call was given up, and answers the next one', async () => {
		const pid = textOf(await act('pid'));
		const gone = new AbortController();
		const hanging = act('hang', gone.signal);
		const slow = act('hang', AbortSignal.timeout(100));

		await expect(slow).rejects.toMatchObject({ code: 'upstream_timeout' });
		gone.abort();
		await expect(hanging).rejects.toMatchObject({ code: 'upstream_truncated' });
		expect(textOf(await act('pid'))).toBe(pid);
	});

	it.each([
		['some lines that are no message', 'noise', 'heard above the noise'],
		['megabytes of errors', 'loud', 'nobody reads my errors'],
	])('and prints %s is understood all the same', async (_, what, text) => {
		expect(textOf(await act(what))).toBe(text);
	});

	it('and answers at length is understood', async () => {
		expect(textOf(await act('large'))).toHaveLength(2_000_000);
	});

	it('hears of its own variables and of none of ours', async () => {
		process.env['TAPPASS_TEST_OURS'] = 'fixture-not-to-be-seen';
		const names = textOf(await act('env')).split(' ');
		delete process.env['TAPPASS_TEST_OURS'];

		expect(names).toContain('HOSTILE_KEY');
		const allowed = ['HOME', 'HOSTILE_KEY', 'LOGNAME', 'PATH', 'SHELL', 'TERM', 'USER'];
		expect(names.filter((name) => !allowed.includes(name))).toEqual([]);
	});
});

describe('what a program has started', () => {
	it('ends when the program is closed', async () => {
		const pids = [Number(textOf(await act('pid'))), Number(textOf(await act('fork')))];
		expect(pids.map(isRunning)).toEqual([true, true]);

		await pool.close();

		await untilGone(...pids);
	});

	it('ends when the program crashes, though it holds on to the pipe', async () => {
		const pids = [Number(textOf(await act('pid'))), Number(textOf(await act('fork')))];

		await expect(act('crash')).rejects.toMatchObject({ code: 'upstream_truncated' });

		await untilGone(...pids);
	});

	it('ends with a program that will not end when it is asked to', async () => {
		const connection = await pool.get(org_id, server('--stubborn'));
		const say = (what: string) =>
			connection.request('tools/call', { arguments: { do: what } }, lonely(new AbortController().signal));
		const pids = [Number(textOf(await say('pid'))), Number(textOf(await say('fork')))];

		await pool.close();

		await untilGone(...pids);
	});
});

describe('a program that cannot be greeted', () => {
	it.each([
		['there is no such program', { command: '/nonexistent/program', args: [] }, 'upstream_unreachable'],
		['it may not be run', { command: program, args: [] }, 'upstream_unreachable'],
		['the program ended with code 7', undefined, 'upstream_truncated'],
	])('is told why: %s', async (detail, other, code) => {
		const one =
			other === undefined ? server('--die') : { ...server(), transport: { kind: 'stdio', ...other } as const };

		await expect(pool.get(org_id, one)).rejects.toMatchObject({ code, detail: expect.stringContaining(detail) });
	});

	it('since it chatters is cut off', async () => {
		await expect(pool.get(org_id, server('--chatter'))).rejects.toMatchObject({ code: 'upstream_malformed' });
	});

	it('is tried again later each time, and at once when its entry changed', async () => {
		const dead = server('--die');
		const refusal = async (): Promise<unknown> =>
			pool.get(org_id, dead).then(
				() => 'greeted',
				({ code, detail }: { readonly code: string; readonly detail: string }) => `${code}: ${detail}`,
			);
		const died = 'upstream_truncated: the program ended with code 7';

		expect(await refusal()).toBe(died);
		now += mcpLimits.retryMs;
		expect(await refusal()).toBe(died);
		now += mcpLimits.retryMs;
		expect(await refusal()).toBe(died);
		now += mcpLimits.retryMs;
		expect(await refusal()).toBe(
			'upstream_unreachable: its program failed 3 times in a row and is started again in 1 s',
		);
		expect((await pool.get(org_id, { ...server(), revision: 2 })).alive()).toBe(true);
	});
});

it('a program that crashes at every call is started at once the first time, and then later each time', async () => {
	const crash = (): Promise<unknown> =>
		act('crash').then(
			() => 'answered',
			({ code }: { readonly code: string }) => code,
		);

	expect([await crash(), await crash()]).toEqual(['upstream_truncated', 'upstream_truncated']);
	expect(await crash()).toBe('upstream_unreachable');
	now += mcpLimits.retryMs;
	expect([await crash(), await crash()]).toEqual(['upstream_truncated', 'upstream_unreachable']);
	// One that lasted has failed no more.
	now += 2 * mcpLimits.steadyMs;
	expect([await crash(), await crash()]).toEqual(['upstream_truncated', 'upstream_truncated']);
});
