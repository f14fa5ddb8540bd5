import { afterEach, expect, test } from 'vitest';
import { govern } from './govern.ts';
import { makeWorld, type World } from './test-support/world.ts';

let world: World;
afterEach(() => world.end());

test.each([
	['nothing is allowed', [], [], {}],
	['another tool is allowed', ['files.write'], [], {}],
	['a denial names it', ['files.*'], ['*.read'], {}],
	['rights hang on its arguments', ['files.*'], [], { files: { private: 'deny' as const } }],
])('does not run when %s', async (_, allow, deny, schemas_acl) => {
	world = await makeWorld({ tools: { allow, deny, schemas_acl } });
	let runs = 0;
	const read = govern(() => (runs += 1), { keyring: world.keyring, tool: 'files.read' });

	expect(await read()).toMatchObject({ denied: true, code: 'tool_denied', because: [expect.any(String)] });
	expect(runs).toBe(0);
});

test('runs what is allowed, and stops with the next policy and with the keyring', async () => {
	world = await makeWorld({ tools: { allow: ['files.read'], deny: [], schemas_acl: {} } });
	const read = govern((name: string) => Promise.resolve(`text of ${name}`), {
		keyring: world.keyring,
		tool: 'files.read',
	});

	expect(await read('a')).toBe('text of a');
	await world.publish({}, 2);
	expect(await read('a')).toMatchObject({ denied: true });
	world.clock.wall_ms += 301_000;
	await expect(read('a')).rejects.toMatchObject({ code: 'keyring_expired' });
});
