/**
 * `examples/collibra-agent/deploy` without containers: the commands of each service as the compose file gives them, as processes of
 * this machine that share its network as the containers share one. The file itself is read by Docker Compose where that is installed.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type HostMachine, hostMachine, until } from './support/host-machine.ts';
import { type ServerProcess, startServerProcess, Terminal } from './support/operator.ts';
import { root } from './support/repository.ts';

const deploy = join(root, 'examples', 'collibra-agent', 'deploy');
const { services } = parse(readFileSync(join(deploy, 'docker-compose.yaml'), 'utf8'), { merge: true }) as {
	readonly services: Readonly<Record<string, { readonly command: readonly string[] }>>;
};

let terminal: Terminal;
let server: ServerProcess;
let machine: HostMachine;
let env: NodeJS.ProcessEnv;
const started: { readonly child: ChildProcess; readonly output: () => string }[] = [];

/** Runs a service's command, with other words in the place of some; in the checkout, as in the image. */
function service(
	name: string,
	others: Readonly<Record<string, string>> = {},
): { readonly child: ChildProcess; readonly output: () => string } {
	const [program, ...args] = services[name]!.command.map((word) => others[word] ?? word);
	const child = spawn(program!, args, { cwd: root, env });
	let text = '';
	for (const stream of [child.stdout, child.stderr])
		stream.setEncoding('utf8').on('data', (part: string) => {
			text += part;
		});
	const one = { child, output: () => text };
	started.push(one);
	return one;
}

beforeAll(async () => {
	terminal = new Terminal();
	server = await startServerProcess(terminal);
	machine = await hostMachine();
	const enrolment = join(terminal.directory, 'enrolment');
	mkdirSync(enrolment);
	env = {
		...terminal.env,
		...machine.env,
		PATH: `${join(root, 'bin')}:${process.env['PATH']}`,
		TAPPASS_SERVER: server.url,
		DATA: join(terminal.directory, 'data', 'tappass', 'server'),
		ENROLMENT: enrolment,
	};
}, 180_000);
afterAll(async () => {
	for (const { child } of started) child.kill('SIGTERM');
	await machine.close();
	await server.stop();
	terminal.close();
}, 120_000);

describe('the deployment of the example', () => {
	test('is a file that Docker Compose takes, where it is installed', () => {
		const version = spawnSync('docker', ['compose', 'version'], { encoding: 'utf8' });
		if (version.status === 0)
			execFileSync('docker', ['compose', '--file', join(deploy, 'docker-compose.yaml'), 'config', '--quiet']);

		expect(Object.keys(services)).toEqual(['server', 'catalog', 'model', 'operator', 'host']);
	});

	test('starts its server by a command that there is', () => {
		const [program, ...words] = services['server']!.command;

		expect([program, ...words.slice(0, 2)]).toEqual(['tappass', 'server', 'start']);
		const help = spawnSync(join(root, 'bin', 'tappass'), ['server', 'start', '--help'], { encoding: 'utf8' }).stdout;
		for (const flag of words.filter((word) => word.startsWith('--'))) expect(help).toContain(flag);
	});

	test('its operator and its host bring the agent up, and again on a second start', async () => {
		const catalog = service('catalog', { '7700': '0' });
		const model = service('model', { '127.0.0.1:7701': '127.0.0.1:0' });
		const address = /http:\/\/127\.0\.0\.1:\d+[\w/]*/;
		await until(() => address.test(catalog.output()) && address.test(model.output()));
		env = { ...env, CATALOG: address.exec(catalog.output())![0], MODEL: address.exec(model.output())![0] };

		for (const _ of ['first', 'second']) {
			const operator = service('operator');
			expect((await once(operator.child, 'close'))[0], operator.output()).toBe(0);
		}
		const host = service('host');
		await until(() => host.output().includes('policy_version 1') || host.child.exitCode !== null);
		expect(host.output()).toContain('tools');
		host.child.kill('SIGTERM');
		const again = service('host');
		await until(() => again.output().includes('policy_version 1') || again.child.exitCode !== null);
		expect(again.output()).toContain('policy_version 1');
	}, 180_000);

	test.each([
		['add-email-column', 0, 'has an email column now'],
		['drop-pii-archive', 1, 'schema_denied'],
		['clean-up-temp-assets', 1, 'session_killed'],
	])(
		'the task %s ends with %i',
		async (task, code, said) => {
			const agent = join(root, 'examples', 'collibra-agent', 'dist', 'agent', 'main.js');

			const ran = await machine.host('shell', 'tenant_a', '--', 'node', agent, 'run-task', task);

			expect(ran).toMatchObject({ code, stdout: expect.stringContaining(said) });
		},
		60_000,
	);
});
