import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { localClient } from './client.ts';

let directory: string;
let server: Server;
let watched: Promise<ServerResponse>;
const view = {
	schema: 'tappass.host.status/1',
	daemon: { pid: 1, uid: 0, started_at: '', version: '' },
	weaknesses: [],
	sandboxes: [],
};

beforeEach(async () => {
	directory = mkdtempSync(join(tmpdir(), 'tappass-client-'));
	watched = new Promise((resolve) => {
		server = createServer((_, response) => {
			response.write(`${JSON.stringify(view)}\n`);
			resolve(response);
		});
	});
	await new Promise<void>((done) => server.listen(join(directory, 'api.sock'), done));
});
afterEach(() => {
	server.closeAllConnections();
	server.close();
	rmSync(directory, { recursive: true, force: true });
});

test('a daemon that dies while it is watched is no longer reached, and no fault of the command', async () => {
	const views = localClient(join(directory, 'api.sock')).watch()[Symbol.asyncIterator]();
	expect((await views.next()).value).toEqual(view);

	(await watched).destroy();

	await expect(views.next()).rejects.toMatchObject({ code: 'daemon_unreachable' });
});

test('who has seen enough is not held by the stream', async () => {
	const closed = watched.then((response) => new Promise((resolve) => response.once('close', resolve)));

	for await (const _ of localClient(join(directory, 'api.sock')).watch()) break;

	await closed;
});
