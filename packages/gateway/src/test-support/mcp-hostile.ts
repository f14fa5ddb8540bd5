/*
 * An MCP server as a program that does what no server should, as it is told: by its arguments from the start, and then by the
 * arguments of each call.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const modes = new Set(process.argv.slice(2));
if (modes.has('--die')) process.exit(7);
if (modes.has('--chatter')) setInterval(() => process.stdout.write('hello, I am no protocol\n'.repeat(100)), 1);
if (modes.has('--stubborn')) {
	process.on('SIGTERM', () => {});
	setInterval(() => {}, 1_000);
}

function say(message: object): void {
	process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
}
function answer(id: unknown, text: string): void {
	say({ id, result: { content: [{ type: 'text', text }] } });
}

/** Without end, and as fast as it is read. */
function flood(text: string): void {
	while (process.stdout.write(text));
	process.stdout.once('drain', () => flood(text));
}

const acts: Readonly<Record<string, (id: unknown) => void>> = {
	env: (id) => answer(id, Object.keys(process.env).sort().join(' ')),
	pid: (id) => answer(id, String(process.pid)),
	hang: () => {},
	crash: () => process.exit(3),
	killed: () => process.kill(process.pid, 'SIGKILL'),
	noise: (id) => {
		process.stdout.write('warning: this is no message\n'.repeat(50));
		process.stderr.write('x'.repeat(1_000_000));
		answer(id, 'heard above the noise');
	},
	loud: (id) => {
		for (let count = 0; count < 20_000; count += 1) process.stderr.write(`${'e'.repeat(200)}\n`);
		answer(id, 'nobody reads my errors');
	},
	flood: () => flood('this is no message\n'),
	endless: () => flood('{"a":"'.repeat(1_000)),
	broken: () => void process.stdout.write('{"jsonrpc":"2.0","id":1,"result":{"content":\n'),
	large: (id) => answer(id, 'word '.repeat(400_000)),
	huge: (id) => answer(id, 'word '.repeat(2_000_000)),
	fork: (id) => {
		// It holds on to the output of its parent, and hears nothing of its end.
		const child = spawn(process.execPath, ['-e', 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)'], {
			stdio: ['ignore', 'inherit', 'inherit'],
		});
		child.once('spawn', () => answer(id, String(child.pid)));
	},
};

createInterface({ input: process.stdin }).on('line', (line) => {
	const { id, method, params } = JSON.parse(line);
	if (id === undefined || modes.has('--mute') || modes.has('--chatter')) return;
	if (method === 'initialize')
		say({
			id,
			result: {
				protocolVersion: '2025-11-25',
				capabilities: { tools: {} },
				serverInfo: { name: 'hostile', version: '1' },
			},
		});
	else if (method === 'tools/list')
		say({ id, result: { tools: [{ name: 'get_asset_details', inputSchema: { type: 'object' } }] } });
	else if (method === 'tools/call') acts[String(params.arguments.do)]?.(id);
});
