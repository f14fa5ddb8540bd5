/**
 * What the broker adds to one `tools/call` with an answer of 2 KiB, all steps but loop_guard and a durable audit log on, next to the same call
 * made at the server itself. Client, broker and server are one process each; rounds take turns; every answer is checked.
 */
import type { ChildProcess } from 'node:child_process';
import { loadavg } from 'node:os';
import { closedLoop, quantile, type Target } from './gateway/load.js';
import { toolText } from './gateway/mcp-server.js';
import { cpuMs, startChild } from './support/child.js';

const rounds = Number(process.env['TAPPASS_BENCH_ROUNDS'] ?? 40);
const callsPerRound = 25;
const warmUpCalls = 2_000;

export async function run(): Promise<Readonly<Record<string, unknown>>> {
	const children: ChildProcess[] = [];
	try {
		const server = await startChild('gateway/mcp-server.js', ['serve'], children);
		const mcpUrl = `http://127.0.0.1:${String(server.told['port'])}/mcp`;
		const broker = await startChild('gateway/tappass.js', ['full', 'http://127.0.0.1:1/v1', mcpUrl], children);
		const base = `http://127.0.0.1:${String(broker.told['port'])}`;
		const authorization = `Bearer ${String(broker.told['token'])}`;
		const treatments = {
			direct: call(mcpUrl, {}, 'get_asset'),
			broker: call(`${base}/mcp`, { authorization, ...stateless('collibra__get_asset') }, 'collibra__get_asset'),
			execute: execute(`${base}/v1/tools/execute`, { authorization }),
		};
		const medians: Record<string, number[]> = { direct: [], broker: [], execute: [] };
		// A broker runs for days: what is measured is one that is warm.
		for (const target of Object.values(treatments)) await closedLoop(target, 1, { calls: warmUpCalls });
		for (let round = 0; round < rounds; round += 1) {
			for (const [name, target] of Object.entries(treatments)) {
				const { latencies } = await closedLoop(target, 1, { calls: callsPerRound });
				medians[name]!.push(quantile(latencies, 0.5));
			}
		}
		const before = cpuMs(broker.child);
		await closedLoop(treatments.broker, 1, { calls: 500 });
		const cpu = (cpuMs(broker.child) - before) / 500;
		const p50 = (name: string): number => quantile(medians[name]!, 0.5);
		const added = (name: string): number => Math.round((p50(name) - p50('direct')) * 100) / 100;
		return {
			added_mcp_tools_call_p50_ms: added('broker'),
			added_tools_execute_p50_ms: added('execute'),
			// Processor time of the broker alone: what other work on the machine does not distort.
			cpu_per_mcp_tools_call_ms: Math.round(cpu * 100) / 100,
			direct_p50_ms: Math.round(p50('direct') * 100) / 100,
			load_average: loadavg()[0],
			rounds,
		};
	} finally {
		for (const child of children) child.kill('SIGKILL');
	}
}

const says = (answer: string): boolean => answer.includes(toolText);

function stateless(name: string): Readonly<Record<string, string>> {
	return { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': name };
}

function call(url: string, headers: Readonly<Record<string, string>>, name: string): Target {
	const _meta = {
		'io.modelcontextprotocol/protocolVersion': '2026-07-28',
		'io.modelcontextprotocol/clientCapabilities': {},
	};
	const params = { name, arguments: { asset_id: 'a1' }, _meta };
	const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params });
	return { url, headers, body, says };
}

function execute(url: string, headers: Readonly<Record<string, string>>): Target {
	return { url, headers, body: JSON.stringify({ tool: 'collibra.get_asset', arguments: { asset_id: 'a1' } }), says };
}
