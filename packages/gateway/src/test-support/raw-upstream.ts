import { type AddressInfo, createServer, type Server } from 'node:net';

/** An upstream that answers each connection with the same bytes, whatever it is asked. */
export interface RawUpstream {
	readonly url: string;
	/** What was asked over the first connection so far. */
	readonly heard: () => string;
	/** Resolves once a connection is over. */
	readonly left: Promise<void>;
	readonly close: () => Promise<void>;
}

/** @param how what happens to a connection once the bytes are written */
export async function rawUpstream(
	bytes: string | Uint8Array,
	how: 'end' | 'reset' | 'keep' = 'end',
): Promise<RawUpstream> {
	let heard = '';
	let leave = (): void => {};
	const left = new Promise<void>((resolve) => {
		leave = resolve;
	});
	const server: Server = createServer((socket) => {
		socket.on('error', () => {});
		socket.on('close', leave);
		socket.on('data', (data) => {
			heard += data.toString('latin1');
		});
		socket.once('data', () => {
			socket.write(bytes);
			if (how === 'end') socket.end();
			if (how === 'reset') setTimeout(() => socket.resetAndDestroy(), 5);
		});
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	return {
		url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
		heard: () => heard,
		left,
		close: () => new Promise((resolve) => server.close(() => resolve())),
	};
}

/** The head of an answer with a body of some type. */
export function rawHead(type: string, more = '', status = '200 OK'): string {
	return `HTTP/1.1 ${status}\r\ncontent-type: ${type}\r\nconnection: close\r\n${more}\r\n`;
}
