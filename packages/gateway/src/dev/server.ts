import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Json, parseJson, TapPassError } from '@tappass/core';
import { doorLimits } from '../door-limits.ts';
import { readBytes } from '../http/read-body.ts';
import { readConversation } from './conversation.ts';
import { playChat } from './play-chat.ts';
import { playMessages } from './play-messages.ts';
import { playResponses } from './play-responses.ts';
import { type Conversation, findTurn, type Script, type Turn } from './script.ts';

/** A turn as a wire has it. */
export interface Played {
	readonly whole: Json;
	readonly events: readonly string[];
	/** The wire's own error in the middle of a stream. */
	readonly error: string;
}

/** One call that a scripted model answered. */
export interface ModelCallSeen {
	readonly path: string;
	readonly headers: IncomingMessage['headers'];
	readonly body: Json;
	/** The exact bytes that came. */
	readonly bytes: Uint8Array;
	readonly conversation: Conversation;
	readonly turn: Turn;
}

/** A scripted model that listens. */
export interface ScriptedModel {
	/** Base URL for clients of both wires, `/v1` included. */
	readonly url: string;
	/** The last calls, oldest first; at most 1,000. */
	readonly calls: readonly ModelCallSeen[];
	readonly close: () => Promise<void>;
}

/** Where a scripted model listens, and who is told of its calls. */
export interface ScriptedModelOptions {
	readonly host?: string;
	/** 0: any that is free. */
	readonly port?: number;
	readonly onCall?: (call: ModelCallSeen) => void;
}

const players = {
	'/chat/completions': playChat,
	'/responses': playResponses,
	'/messages': playMessages,
} as const;
const callsKept = 1_000;
const resetAfterMs = 20;

/** Starts an upstream that answers by a script, on the OpenAI and the Anthropic wire. For tests and demos. */
export async function scriptedModel(script: Script, options: ScriptedModelOptions = {}): Promise<ScriptedModel> {
	const { host = '127.0.0.1', port = 0, onCall = () => {} } = options;
	const calls: ModelCallSeen[] = [];
	let number = 0;
	const server = createServer((req, res) => {
		res.on('error', () => {});
		number += 1;
		const seen = (call: ModelCallSeen): void => {
			if (calls.length === callsKept) calls.shift();
			calls.push(call);
			onCall(call);
		};
		answer(script, req, res, number, seen).catch((error: unknown) => {
			const status = error instanceof TapPassError ? error.row.status : 500;
			send(res, status, {
				error: { message: error instanceof TapPassError ? error.message : 'scripted model failed' },
			});
		});
	});
	await listen(server, host, port);
	const { port: chosen } = server.address() as AddressInfo;
	const close = (): Promise<void> =>
		new Promise((resolve) => {
			server.close(() => resolve());
			server.closeAllConnections();
		});
	return { url: `http://${host.includes(':') ? `[${host}]` : host}:${chosen}/v1`, calls, close };
}

function listen(server: Server, host: string, port: number): Promise<void> {
	return new Promise((resolve, reject) => {
		server.once('error', (cause) =>
			reject(
				new TapPassError('usage', { detail: `cannot listen at ${host}:${port}`, hint: 'choose another port', cause }),
			),
		);
		server.listen(port, host, resolve);
	});
}

async function answer(
	script: Script,
	req: IncomingMessage,
	res: ServerResponse,
	number: number,
	seen: (call: ModelCallSeen) => void,
): Promise<void> {
	const path = (req.url ?? '/').split('?', 1)[0]!.replace(/^(?:\/v1)+/, '');
	if (req.method === 'GET' && path === '/models')
		return send(res, 200, {
			object: 'list',
			data: script.models.map((id) => ({ id, object: 'model', owned_by: 'script' })),
		});
	const bytes = await readBytes(req);
	const body = parseJson(bytes, { bytesMax: doorLimits.bodyBytesMax });
	if (path === '/messages/count_tokens') return send(res, 200, { input_tokens: Math.ceil(bytes.byteLength / 4) });
	const play = players[path as keyof typeof players];
	if (play === undefined) return send(res, 404, { error: { message: `no such address: ${path}` } });
	const conversation = readConversation(body);
	const turn = findTurn(script, conversation);
	seen({ path, headers: req.headers, body, bytes, conversation, turn });
	await act(res, turn, play(script, turn, body, number), conversation.stream);
}

async function act(res: ServerResponse, turn: Turn, played: Played, stream: boolean): Promise<void> {
	if (turn.delay_ms > 0) await pause(turn.delay_ms);
	if (turn.fault === 'hang' && !stream) return;
	if (turn.fault === 'status')
		return send(res, turn.status, { type: 'error', error: { type: 'api_error', message: turn.say ?? 'scripted' } });
	if (turn.fault === 'reset' && !stream) return void res.destroy();
	if (!stream) return send(res, 200, turn.fault === 'garbage' ? 'garbage' : played.whole);
	res.writeHead(200, { 'content-type': 'text/event-stream' });
	const broken = turn.fault === undefined ? played.events : played.events.slice(0, Math.ceil(played.events.length / 2));
	for (const event of broken) {
		if (turn.delay_ms > 0) await pause(turn.delay_ms);
		if (res.destroyed) return;
		if (!res.write(event)) await new Promise((resolve) => res.once('drain', resolve).once('close', resolve));
	}
	if (turn.fault === 'hang') return;
	if (turn.fault === 'reset') {
		// What was written arrives first: a reset drops what is still on its way.
		await pause(resetAfterMs);
		return void res.destroy();
	}
	if (turn.fault === 'error') res.write(played.error);
	if (turn.fault === 'garbage') res.write('data: {"choices":[\n\n');
	res.end();
}

function pause(ms: number): Promise<void> {
	return new Promise((resolve) => setTimeout(resolve, ms));
}

function send(res: ServerResponse, status: number, body: Json): void {
	if (res.headersSent || res.destroyed) return;
	const bytes = Buffer.from(JSON.stringify(body));
	res.writeHead(status, { 'content-type': 'application/json', 'content-length': bytes.byteLength });
	res.end(bytes);
}
