/**
 * The control plane on its embedded engine: how fast an org-floor change reaches every signed statement, how fast
 * operators are answered, and what one change costs.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startServer } from '@tappass/server';

const sandboxes = Number(process.env['TAPPASS_BENCH_SANDBOXES'] ?? 10_000);
const readSeconds = 5;
const readers = 16;

interface Reply {
	readonly status: number;
	readonly body: Readonly<Record<string, unknown>>;
}

/** Figures of the `server` area. */
export async function run(): Promise<Readonly<Record<string, unknown>>> {
	const directory = await mkdtemp(path.join(tmpdir(), 'tappass-bench-'));
	const free = { host: '127.0.0.1', port: 0 };
	const begun = performance.now();
	const server = await startServer({
		directory,
		operatorListen: free,
		hostListen: free,
		agentListen: free,
		...(process.getuid?.() === 0 ? { engineUser: 'nobody' } : {}),
		// A benchmark's log is its figures.
		log: { info() {}, warn() {}, error() {} } as never,
	});
	const first_start_ms = Math.round(performance.now() - begun);
	try {
		const key = (await readFile(path.join(directory, 'credentials', 'operator.key'), 'utf8')).trim();
		const agent = new Agent({ keepAlive: true, maxSockets: readers });
		const ask = (method: string, where: string, credential: string, body?: object): Promise<Reply> =>
			send(agent, `${server.urls.operator}${where}`, method, credential, body);
		const token = String((await ask('POST', '/v1/auth/token', key)).body['token']);
		const call = async (method: string, where: string, body?: object): Promise<Reply['body']> => {
			const reply = await ask(method, where, token, body);
			if (reply.status >= 300) throw new Error(`${method} ${where}: ${JSON.stringify(reply.body)}`);
			return reply.body;
		};
		await call('POST', '/v1/policies/apply', floor(['gmail.*', 'zendesk.*']));
		const specs = ['eu-support-emailer', 'refund-processor', 'internal-kb-assistant', 'code-reviewer'];
		const emitting = performance.now();
		for (let made = 0, at = 0; made < sandboxes; made += 1_000, at += 1) {
			const count = Math.min(1_000, sandboxes - made);
			await call('POST', `/v1/sandbox-specs/${specs[at % specs.length]}/bootstraps`, {
				count,
				project: `team-${at % specs.length}`,
			});
		}
		const emit_seconds = (performance.now() - emitting) / 1_000;
		const changing = performance.now();
		const changed = await call('POST', '/v1/policies/apply', floor(['gmail.*']));
		const rederive_seconds = (performance.now() - changing) / 1_000;
		const reads = await readAll(() => call('GET', '/v1/whoami'));
		const lists = await readAll(() => call('GET', '/v1/sandboxes?limit=50'));
		agent.destroy();
		return {
			sandboxes,
			first_start_ms,
			emit_and_sign_seconds: round(emit_seconds),
			floor_change_signed: changed['signed'],
			floor_change_seconds: round(rederive_seconds),
			whoami_reads_per_second: reads,
			sandbox_pages_per_second: lists,
			rss_mb: Math.round(process.memoryUsage().rss / 1_048_576),
		};
	} finally {
		await server.close();
		await rm(directory, { recursive: true, force: true });
	}
}

function floor(tools: readonly string[]): object {
	const rules = tools.map((tool) => `tools.allow contains "${tool}"\n`).join('');
	const content = Buffer.from(`package tappass.policy\n\n${rules}`).toString('base64');
	return { files: [{ file: 'floor.rego', content }] };
}

async function readAll(read: () => Promise<unknown>): Promise<number> {
	const until = performance.now() + readSeconds * 1_000;
	let done = 0;
	const one = async (): Promise<void> => {
		while (performance.now() < until) {
			await read();
			done += 1;
		}
	};
	await Promise.all(Array.from({ length: readers }, one));
	return Math.round(done / readSeconds);
}

function send(agent: Agent, url: string, method: string, credential: string, body?: object): Promise<Reply> {
	return new Promise((resolve, reject) => {
		const text = body === undefined ? undefined : JSON.stringify(body);
		const headers = {
			authorization: `Bearer ${credential}`,
			...(text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
		};
		const sent = request(url, { agent, method, headers }, (response) => {
			const parts: Buffer[] = [];
			response.on('data', (part: Buffer) => parts.push(part));
			response.on('end', () =>
				resolve({ status: response.statusCode ?? 0, body: JSON.parse(Buffer.concat(parts).toString()) }),
			);
		});
		sent.on('error', reject);
		sent.end(text);
	});
}

function round(value: number): number {
	return Math.round(value * 100) / 100;
}
