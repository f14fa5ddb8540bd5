/**
 * A gateway that listens, over ports in memory, with MCP servers registered: what tests of the broker stand on. Left out of the
 * published package.
 */
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ToolFacts } from '@tappass/core';
import { createGateway, type Gateway } from './app.ts';
import { createPipeline } from './pipeline/pipeline.ts';
import type { McpServer } from './ports.ts';
import { facts, type TestSandbox, type TestTerms, testSandbox } from './sandbox.test.support.ts';
import { tools } from './test-support/everything-content.ts';
import { listen } from './test-support/listen.ts';

export interface McpWorld {
	readonly sandbox: TestSandbox;
	readonly gateway: Gateway;
	readonly url: string;
	/** The same address as agents see it: whoever calls it needs no token, as behind the egress proxy. */
	readonly inside: string;
	/** A second process that shares nothing but the ports. */
	readonly replica: string;
	readonly token: string;
	readonly register: (name: string, url: string, more?: Partial<McpServer>) => void;
	readonly close: () => Promise<void>;
}

/** What the policy of these tests says of the server `everything`: read all of it. */
const everythingFacts: readonly ToolFacts[] = [
	...[...Object.keys(tools), 'test_missing_capability'],
	'mcp.read_resource',
	'mcp.get_prompt',
	'mcp.complete',
].map((name) => ({ name: `everything.${name}`, effect: 'read', capabilities: [], slots: {} }));

export async function mcpWorld(terms: TestTerms = {}): Promise<McpWorld> {
	const sandbox = await testSandbox({
		...terms,
		compiled: {
			tools: { allow: ['collibra.*', 'mail.send', 'everything.*', 'everything.mcp.*'], deny: [], schemas_acl: {} },
			budget: { tokens_per_day: 1_000_000, dollars_per_month: 100, tool_calls_per_minute: 100_000 },
			...terms.compiled,
		},
		pipeline: { tools: [...Object.values(facts), ...everythingFacts], ...terms.pipeline },
	});
	const token = await sandbox.token({ aud: 'broker' });
	const one = await listening(sandbox);
	const two = await listening(sandbox);
	const proxy = createServer((req, res) => {
		const headers = { ...req.headers, authorization: `Bearer ${token}` };
		const onward = request(one.url + (req.url ?? ''), { method: req.method ?? 'GET', headers }, (answer) => {
			res.writeHead(answer.statusCode ?? 502, answer.headers);
			answer.pipe(res);
		});
		onward.on('error', () => res.destroy());
		res.on('close', () => onward.destroy());
		req.pipe(onward);
	});
	await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
	let revision = 0;
	return {
		sandbox,
		gateway: one.gateway,
		url: one.url,
		replica: two.url,
		inside: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
		token,
		register: (name, url, more = {}) => {
			revision += 1;
			sandbox.ports.mcpServers.register(sandbox.policy.org_id, {
				name,
				transport: { kind: 'http', url },
				credentials: {},
				auto_approve: false,
				revision,
				...more,
			});
		},
		close: async () => {
			proxy.closeAllConnections();
			await new Promise((resolve) => proxy.close(resolve));
			await one.close();
			await two.close();
		},
	};
}

async function listening(sandbox: TestSandbox) {
	const gateway = createGateway({ pipeline: createPipeline(sandbox.ports), ports: sandbox.ports });
	return { gateway, ...(await listen(gateway)) };
}
