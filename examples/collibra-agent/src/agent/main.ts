#!/usr/bin/env node
/**
 * An agent that keeps a data catalog in order.
 *
 *   collibra-agent serve                     wait, and say what the policy shows whenever it changes
 *   collibra-agent run-task <task> [--json]  add-email-column, drop-pii-archive, clean-up-temp-assets
 *   collibra-agent call <tool> <arguments>   call a tool without asking a model
 *   collibra-agent ask-for-more              look for a way to ask for more rights
 *
 * --wire openai|anthropic and --model <name> choose the model; the gateway decides who serves it.
 */
import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { Client, Keyring } from 'tappass-agent';
import type { Wire } from './model.ts';
import { runTask } from './run-task.ts';

const { values, positionals } = parseArgs({
	allowPositionals: true,
	options: {
		json: { type: 'boolean', default: false },
		wire: { type: 'string', default: process.env['COLLIBRA_AGENT_WIRE'] ?? 'openai' },
		model: { type: 'string', default: process.env['COLLIBRA_AGENT_MODEL'] ?? 'scripted' },
	},
});
const [command = 'serve', ...args] = positionals;
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
		if (values.wire !== 'openai' && values.wire !== 'anthropic') throw new RangeError('--wire: openai or anthropic');
		const wire: Wire = values.wire;
		const result = await runTask(client, args[0] ?? '', { wire, model: values.model });
		tell({ ...result, spans: [{ name: `run-task ${args[0]}`, trace_id, span_id }, ...spans] }, result.text);
		break;
	}
	case 'call': {
		const result = await client.tools.execute(args[0] ?? '', JSON.parse(args[1] ?? '{}'));
		if ('denied' in result) {
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
	default:
		process.stderr.write('collibra-agent: error: one of serve, run-task, call, ask-for-more\n');
		process.exitCode = 2;
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
