/** The mock upstream of the gateway's benchmark: a process of its own that answers from buffers made beforehand. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What it says, whole and streamed. */
export const answerText: string = 'The quarterly review covers delivery, quality and open risks. '
	.repeat(17)
	.slice(0, 1_024);
/** Deltas of one stream. */
export const chunks = 64;

const usage = { prompt_tokens: 256, completion_tokens: 256, total_tokens: 512 };
const head = { id: 'chatcmpl-bench', created: 1_700_000_000, model: 'bench' };
const message = { role: 'assistant', content: answerText };
const whole = Buffer.from(
	JSON.stringify({
		...head,
		object: 'chat.completion',
		choices: [{ index: 0, message, finish_reason: 'stop' }],
		usage,
	}),
);

function streamEvents(): Buffer {
	const size = answerText.length / chunks;
	const event = (delta: object, finish_reason: string | null = null): string =>
		`data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason }] })}\n\n`;
	const pieces = Array.from({ length: chunks }, (_, at) =>
		event({ content: answerText.slice(at * size, (at + 1) * size) }),
	);
	const told = `data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', choices: [], usage })}\n\n`;
	return Buffer.from(`${pieces.join('')}${event({}, 'stop')}${told}data: [DONE]\n\n`);
}

if (process.argv[2] === 'serve') {
	const stream = streamEvents();
	process.once('disconnect', () => process.exit());
	const server = createServer((req, res) => {
		const received: Buffer[] = [];
		req.on('data', (chunk: Buffer) => received.push(chunk));
		req.on('end', () => {
			const streams = Buffer.concat(received).includes('"stream":true');
			const body = streams ? stream : whole;
			res.writeHead(200, {
				'content-type': streams ? 'text/event-stream' : 'application/json',
				'content-length': body.byteLength,
			});
			res.end(body);
		});
	});
	server.keepAliveTimeout = 60_000;
	server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
}
