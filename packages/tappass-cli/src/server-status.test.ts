import { expect, test } from 'vitest';
import { runsHere, type ServerPicture, watchServer } from './server-status.ts';

const picture = (isRunning: boolean, stale: number): ServerPicture => ({
	isRunning,
	fields: { running: isRunning, stale },
	lines: [`${stale} stale`],
});

test('a watch tells what changed, once, and ends with the server', async () => {
	const seen = [picture(true, 2), picture(true, 2), picture(true, 0), picture(false, 0), picture(true, 1)];
	const told: unknown[] = [];
	for await (const { fields } of watchServer(async () => seen.shift()!, 1)) told.push(fields);

	expect(told).toEqual([
		{ running: true, stale: 2 },
		{ running: true, stale: 0 },
		{ running: false, stale: 0 },
	]);
});

test('a watch of a server that cannot be asked any more says so', async () => {
	const watching = watchServer(() => Promise.reject(new Error('gone')), 1);

	await expect(watching.next()).rejects.toThrow('gone');
});

test('no server runs here at an address that is none, nor on a directory that is not there', async () => {
	expect(await runsHere('/nonexistent', undefined)).toBe(false);
	expect(await runsHere('/nonexistent', 'not an address')).toBe(false);
	expect(await runsHere('/nonexistent', 'http://127.0.0.1:7600')).toBe(false);
});
