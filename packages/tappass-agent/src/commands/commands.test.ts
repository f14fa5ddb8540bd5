import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeWorld, type World } from '../test-support/world.ts';
import { doctor } from './doctor.ts';
import { explain } from './explain.ts';
import { show } from './show.ts';

let world: World;
beforeEach(async () => {
	world = await makeWorld({ tools: { allow: ['files.read'], deny: [], schemas_acl: {} } });
});
afterEach(() => world.end());

test('show refuses an expired keyring', () => {
	world.clock.wall_ms += 301_000;

	expect(() => show(world.keyring)).toThrow(expect.objectContaining({ code: 'keyring_expired' }));
});

test('show says what is allowed', () => {
	expect(show(world.keyring).text).toContain('tools            files.read\n');
});

test('show keeps to a screen of 80 columns', async () => {
	const deny = Array.from({ length: 40 }, (_, at) => `server${at}.delete_everything`);
	await world.publish({ tools: { allow: [], deny, schemas_acl: {} } }, 2);

	const lines = show(world.keyring).text.split('\n');

	expect(lines.filter((line) => line.length > 80)).toEqual([]);
	expect(lines.join(' ').replace(/\s+/g, ' ')).toContain(deny.join(', '));
});

test('explain prints nothing that a terminal would obey', async () => {
	const file = join(world.directory, 'denial.json');
	const nasty = '\u001b]0;owned\u0007';
	writeFileSync(
		file,
		JSON.stringify({ code: `x${nasty}`, detail: nasty, because: [nasty], request_id: nasty, ticket: nasty }),
	);

	expect((await explain(file)).text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
});

test.each([
	['tool_denid', 'not_found', 'did you mean tool_denied?'],
	['req_1', 'not_found', 'an operator finds the call'],
	['./nothing.json', 'file_unreadable', 'give a code such as'],
])('explain refuses %s', async (what, code, hint) => {
	await expect(explain(what)).rejects.toMatchObject({ code, ...(hint && { hint: expect.stringContaining(hint) }) });
});

test('explain reads a code, and a denial with its trail', async () => {
	expect((await explain('tool_denied')).text).toContain('The policy does not allow this tool');
	const file = join(world.directory, 'denial.json');
	writeFileSync(file, '{"code":"tool_denied","detail":"no","because":["Rule: r at p.rego:3"],"request_id":"req_1"}');

	expect((await explain(file)).text).toBe(
		'tool_denied: no\n  ⤷ Rule: r at p.rego:3\n  Asking again changes nothing.\n  On the audit log: req_1',
	);
});

test('doctor says what is missing, and exits 1', async () => {
	const answer = await doctor({ directory: join(world.directory, 'none') });

	expect(answer).toMatchObject({
		exit: 1,
		fields: { ok: false, checks: [{ name: 'keyring', ok: false, hint: expect.stringContaining('TAPPASS_KEYRING') }] },
	});
});

test('watch tells of a change, and ends once nobody reads it', async () => {
	const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
	const watch = spawn(process.execPath, [main, 'watch', '--json', '--allow-writable', '--dir', world.directory]);
	const ended = once(watch, 'exit');
	const lines = createInterface(watch.stdout)[Symbol.asyncIterator]();
	const next = async (): Promise<unknown> => JSON.parse((await lines.next()).value!);

	expect(await next()).toMatchObject({ schema: 'tappass.agent.watch/1', policy_version: 1 });
	await world.publish({}, 2);
	expect(await next()).toMatchObject({ policy_version: 2 });
	watch.stdout.destroy();
	await world.publish({}, 3);

	expect((await ended)[0]).toBe(0);
});
