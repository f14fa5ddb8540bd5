import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { limits } from '../limits.ts';
import { parseAuthority, timeStamp } from './time-stamp.ts';

let server: Server;
let url: string;
let sent = 0;
const answers: Readonly<Record<string, (response: ServerResponse) => void>> = {
	'/endless': (response) => {
		const more = (): void => {
			while (response.writable && !response.destroyed && sent < 200 * limits.timeStampBytesMax) {
				sent += limits.timeStampBytesMax;
				if (!response.write(Buffer.alloc(limits.timeStampBytesMax))) return void response.once('drain', more);
			}
		};
		more();
	},
	'/broken': (response) => {
		response.writeHead(200, { 'content-length': '100' });
		response.write('half');
		setTimeout(() => response.destroy(), 50);
	},
};

beforeAll(async () => {
	server = createServer((request, response) => answers[request.url!]!(response));
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
	server.closeAllConnections();
	server.close();
});

describe('a time stamping authority', () => {
	it('that does not end is not read to its end', async () => {
		await expect(timeStamp(`${url}/endless`, new Uint8Array())).rejects.toMatchObject({ code: 'server_unexpected' });
		expect(sent).toBeLessThan(200 * limits.timeStampBytesMax);
	});
	it('whose answer breaks off cannot be reached', async () => {
		await expect(timeStamp(`${url}/broken`, new Uint8Array())).rejects.toMatchObject({ code: 'server_unreachable' });
	});
	it.each(['tsa', 'file:///etc/passwd', 'ftp://tsa.example', 'https://ada:pw@tsa.example/'])('is not at %s', (text) => {
		expect(() => parseAuthority(text)).toThrow(expect.objectContaining({ code: 'usage' }));
	});
});
