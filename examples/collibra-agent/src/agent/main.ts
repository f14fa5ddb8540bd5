#!/usr/bin/env node
/** An agent that keeps a data catalog in order. */
import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { Client, Keyring } from 'tappass-agent';
import type { Wire } from './model.ts';
import { tasks } from './tasks.ts';

const help = `Keeps a data catalog in order, as far as its policy lets it.

  collibra-agent serve                     wait, and say what the policy shows whenever it changes
  collibra-agent run-task <task>           ${Object.keys(tasks).join(', ')}
  collibra-agent call <tool> <arguments>   call a tool without asking a model; the arguments are a JSON object
  collibra-agent ask-for-more              look for a way to ask for more rights

  --wire openai|anthropic, --model <name>  which model; the gateway decides who serves it
  --json                                   print one JSON object for programs

Exit codes: 0 done, 1 refused by the policy, 2 wrong usage.
`;
const { values, positionals } = parsed();
const [command = 'serve', ...args] = positionals;
if (values.help) {
	process.stdout.write(help);
	process.exit(0);
}
const wire: Wire =
	values.wire === 'openai' || values.wire === 'anthropic' ? values.wire : misused('--wire: openai or anthropic');
if (!['serve', 'run-task', 'call', 'ask-for-more'].includes(command)) misused(`there is no command ${command}`);
if (command === 'run-task' && !Object.hasOwn(tasks, args[0] ?? ''))
	misused(`name a task: ${Object.keys(tasks).join(', ')}`);
const trace_id = randomBytes(16).toString('hex');
const span_id = randomBytes(8).toString('hex');

const keyring = await Keyring.load();
const spans: object[] = [];
const client = new Client(keyring, {
	traceparent: `00-${trace_id}-${span_id}-01`,
	onSpan: (span) => spans.push(span),
});

switch (command) {
	case 'serve':
		await serve();
		break;
	case 'run-task': {
		// LangChain takes longer to load than everything else together; the other commands do without.
		const { runTask } = await import('./run-task.ts');
		const result = await runTask(client, args[0] ?? '', { wire, model: values.model });
		if (result.outcome === 'denied') process.exitCode = 1;
		tell({ ...result, spans: [{ name: `run-task ${args[0]}`, trace_id, span_id }, ...spans] }, result.text);
		break;
	}
	case 'call': {
		const result = await client.tools.execute(args[0] ?? misused('name a tool'), objectOf(args[1] ?? '{}'));
		if ('denied' in result) {
			process.exitCode = 1;
			const { status, code, because, request_id } = result;
			const denial = { status, code, because, request_id };
			tell({ outcome: 'denied', text: code, calls: [], denial }, [code, ...because].join('\n'));
		} else tell({ outcome: 'done', text: result.text, calls: [] }, result.text);
		break;
	}
	case 'ask-for-more': {
		const more = (client as unknown as Record<string, unknown>)['requestMoreScopes'];
		process.stdout.write(`client.requestMoreScopes is ${typeof more}\n`);
		break;
	}
}
if (command !== 'serve') await keyring.close();

async function serve(): Promise<void> {
	const say = async (): Promise<void> => {
		try {
			const listed = await client.tools.list();
			const shown = 'denied' in listed ? `refused: ${listed.code}` : `${listed.length} tools`;
			process.stdout.write(`policy_version ${keyring.policy_version}, ${shown}, process ${process.pid}\n`);
		} catch (error) {
			process.stdout.write(`nothing works now: ${(error as { readonly code?: string }).code ?? String(error)}\n`);
		}
	};
	await say();
	keyring.on('policy', () => void say());
	// The keyring's watch holds no process open.
	const alive = setInterval(() => {}, 60_000);
	await new Promise<void>((resolve) => {
		for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
	});
	clearInterval(alive);
	await keyring.close();
}

function tell(value: object, text: string): void {
	process.stdout.write(values.json ? `${JSON.stringify(value)}\n` : `${text}\n`);
}

function parsed() {
	try {
		return parseArgs({
			allowPositionals: true,
			options: {
				help: { type: 'boolean', short: 'h', default: false },
				json: { type: 'boolean', default: false },
				wire: { type: 'string', default: process.env['COLLIBRA_AGENT_WIRE'] ?? 'openai' },
				model: { type: 'string', default: process.env['COLLIBRA_AGENT_MODEL'] ?? 'scripted' },
			},
		});
	} catch (error) {
		return misused((error as Error).message);
	}
}

function objectOf(text: string): Record<string, never> {
	try {
		return JSON.parse(text) as Record<string, never>;
	} catch {
		return misused('the arguments are no JSON object');
	}
}

function misused(what: string): never {
	process.stderr.write(`collibra-agent: error: ${what}\ncollibra-agent: hint: collibra-agent --help\n`);
	process.exit(2);
}
