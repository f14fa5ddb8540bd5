/** Real bwrap. Needs bubblewrap, socat, bash, python3 and util-linux; fails, and never skips, without them. */
import { existsSync, mkdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { policyOf, startOrigin, startTestEgress, until } from '../test-support/egress.ts';
import { launch, makePlace, run, runEntered, type SandboxPlace, sandboxOptions } from '../test-support/sandbox.ts';
import { launchSandbox } from './launch-sandbox.ts';
import { identify, isAlive } from './process-identity.ts';
import type { RunRecord } from './run-record.ts';

let place: SandboxPlace;
const closers: (() => unknown)[] = [];
beforeEach(() => {
	place = makePlace();
	closers.push(place.remove);
});
afterEach(async () => {
	for (const close of closers.splice(0).reverse()) await close();
});

describe('does not start', () => {
	test('when the Keyring cannot be reached by the agent', async () => {
		if (process.getuid!() !== 0) return expect(place.uid).toBe(process.getuid!());
		mkdirSync(join(place.folder, 'closed/keyring'), { recursive: true, mode: 0o700 });

		await expect(run(place, 'true', { keyringDirectory: join(place.folder, 'closed/keyring') })).rejects.toMatchObject({
			code: 'sandbox_failed',
			detail: expect.stringContaining('closed'),
		});
	});

	test('when something that it mounts is not there', async () => {
		const options = sandboxOptions(place, 'touch ran');
		const rendered = { ...options.rendered, args: [...options.rendered.args, '--ro-bind', '/not-there', '/x'] };

		await expect(launchSandbox({ ...options, rendered })).rejects.toMatchObject({
			code: 'sandbox_failed',
			detail: expect.stringContaining('/not-there'),
		});
		expect(existsSync(join(place.workspace, 'ran'))).toBe(false);
		expect(existsSync(join(place.run, 'run.json'))).toBe(false);
	});

	test('when the relay to the egress proxy does not: the command never runs, and nothing stays', async () => {
		const options = sandboxOptions(place, 'touch ran', { egressSocket: join(place.folder, 'none.sock') });
		if (process.getuid!() !== 0) return expect(place.uid).toBe(process.getuid!());

		// As root the socket is given to the agent's user first; there is none.
		await expect(launchSandbox(options)).rejects.toThrow('ENOENT');
		expect(existsSync(join(place.workspace, 'ran'))).toBe(false);
		expect(existsSync(join(place.run, 'run.json'))).toBe(false);
	});

	test('twice in one place: the second would hide what the first keeps of itself', async () => {
		const first = await launch(place, 'sleep 60');
		await expect(run(place, 'true')).rejects.toMatchObject({ code: 'already_running' });
		await first.sandbox.kill();
	});
});

describe('inside', () => {
	test('there is no privilege, no other user namespace, nothing of the host', async () => {
		const { stdout, stderr } = await run(
			place,
			'grep -E "Cap(Eff|Prm)|NoNewPrivs|^Seccomp:" /proc/self/status; id -u; unshare -r true; ls / /proc | grep -c "^[0-9]"',
		);

		expect(stdout.split('\n').map((line) => line.replace(/\s+/g, ' '))).toEqual([
			'CapPrm: 0000000000000000',
			'CapEff: 0000000000000000',
			'NoNewPrivs: 1',
			'Seccomp: 2',
			String(place.uid),
			expect.stringMatching(/^\d$/),
			'',
		]);
		expect(stderr).toContain('unshare');
	});

	test('clients find the gateway, and the Keyring can be read and not written', async () => {
		const { stdout, stderr } = await run(
			place,
			'echo $OPENAI_BASE_URL $ANTHROPIC_BASE_URL; cat $TAPPASS_KEYRING/keyring.json; echo x >/run/tappass/keyring.json; touch /run/tappass/x; rm /run/tappass/keyring.json; mv /run/tappass /run/t',
		);

		expect(stdout).toBe('http://inference.local:3128/v1 http://inference.local:3128\n{"keyring":1}');
		expect(stderr.match(/Read-only file system|busy/g)).toHaveLength(4);
		expect(readFileSync(join(place.keyring, 'keyring.json'), 'utf8')).toBe('{"keyring":1}');
	});

	test('arguments stay what they are', async () => {
		const words = ['$(touch x)', '; touch x', "'", '"', '', '--', '-c', 'ü\n'];
		const { stdout } = await run(place, '', { command: '/usr/bin/printf', args: ['[%s]', ...words] });

		expect(stdout).toBe(words.map((word) => `[${word}]`).join(''));
	});

	test('what a command that ends at once has said is not lost', async () => {
		for (let round = 0; round < 10; round += 1)
			expect(await run(place, '', { command: '/usr/bin/printf', args: ['said'] })).toEqual({
				code: 0,
				signal: null,
				stdout: 'said',
				stderr: '',
			});
	});

	test('the exit status is passed on', async () => {
		expect(await run(place, 'exit 7')).toMatchObject({ code: 7, signal: null });
	});

	test.each([false, true])(
		'the gateway is reached and another host is not (a host directory is mounted: %s)',
		async (wide) => {
			const origin = await startOrigin((request, response) => response.end(`${request.headers.authorization}\n`));
			closers.push(() => origin.close());
			const egress = await startTestEgress({ first: policyOf([]), agentPlaneUrl: `http://127.0.0.1:${origin.port}` });
			closers.push(egress.close);
			mkdirSync(join(place.folder, 'data'));
			const { stdout } = await run(
				place,
				'curl -s http://inference.local:3128/v1/models; curl -s -o /dev/null -w "%{http_code}\\n" http://evil.example/; curl -s https://evil.example/; echo $?; curl -s --noproxy "*" -m 2 http://1.1.1.1/; echo $?',
				{
					egressSocket: egress.socketPath,
					...(wide && { filesystem: { read_only: [join(place.folder, 'data')] } }),
				},
			);

			expect(stdout.split('\n')).toEqual(['Bearer token-g', '403', '56', '7', '']);
			// Nobody else of the machine may use the sandbox's way out, and its token.
			expect(statSync(egress.socketPath)).toMatchObject({ uid: place.uid });
			expect(statSync(egress.socketPath).mode & 0o777).toBe(0o600);
			expect(egress.denials.map(({ code, host }) => [code, host])).toEqual([
				['domain_not_allowed', 'evil.example'],
				['domain_not_allowed', 'evil.example'],
			]);
		},
	);
});

describe('the filter', () => {
	const python = (body: string): string =>
		`python3 - <<'END'\nimport ctypes, socket, errno\nlibc = ctypes.CDLL(None, use_errno=True)\n${body}\nEND`;

	test('refuses io_uring, bpf, keyrings and families that no namespace holds; network and pairs go on', async () => {
		const { stdout, stderr } = await run(
			place,
			python(
				[
					'for call in (425, 280 if __import__("platform").machine() == "aarch64" else 321, 219 if __import__("platform").machine() == "aarch64" else 250):',
					'    libc.syscall(call, 0, 0, 0); print(errno.errorcode[ctypes.get_errno()])',
					'for family in (38, 40, 17, 16, 2, 10, 1):',
					'    try:',
					'        socket.socket(family, socket.SOCK_RAW if family == 16 else socket.SOCK_STREAM); print(family, "made")',
					'    except OSError as error: print(family, errno.errorcode[error.errno])',
					'socket.socketpair(); print("pair")',
				].join('\n'),
			),
		);

		expect(stderr).toBe('');
		expect(stdout.trim().split('\n')).toEqual([
			'EPERM',
			'EPERM',
			'EPERM',
			'38 EPERM',
			'40 EPERM',
			'17 EPERM',
			'16 made',
			'2 made',
			'10 made',
			'1 made',
			'pair',
		]);
	});

	test('refuses unix sockets where a directory of the host is mounted', async () => {
		mkdirSync(join(place.folder, 'data'));
		const { stdout } = await run(
			place,
			python('try: socket.socket(socket.AF_UNIX)\nexcept OSError as error: print(errno.errorcode[error.errno])'),
			{ filesystem: { read_only: [join(place.folder, 'data')] } },
		);

		expect(stdout).toBe('EPERM\n');
	});
});

describe('a second program', () => {
	test('is in the same sandbox, under the same filter, user and bounds', async () => {
		const { sandbox, said } = await launch(place, 'echo of the first >/tmp/x; echo ready; sleep 60');
		await until(() => said().includes('ready'));
		const outcome = await runEntered(
			sandbox.enter('/usr/bin/bash', [
				'-c',
				'cat /tmp/x; id -u; pwd; grep -E "CapEff|NoNewPrivs|^Seccomp:" /proc/self/status; ulimit -n; ls /proc | grep -c "^[0-9]"; echo $OPENAI_BASE_URL; python3 -c "import socket; socket.socket(40)"; exit 9',
			]),
		);

		expect(outcome.stdout.replace(/\t/g, ' ').split('\n')).toEqual([
			'of the first',
			String(place.uid),
			'/workspace',
			'CapEff: 0000000000000000',
			'NoNewPrivs: 1',
			'Seccomp: 2',
			'4096',
			expect.stringMatching(/^\d$/),
			'http://inference.local:3128/v1',
			'',
		]);
		expect(outcome.stderr).toContain('PermissionError');
		expect(outcome.code).toBe(9);
		await sandbox.kill();
	});

	test('ends with the sandbox, and cannot be started after it', async () => {
		const { sandbox } = await launch(place, 'sleep 60');
		const entered = runEntered(sandbox.enter('/usr/bin/sleep', ['60']));
		await sandbox.kill();

		expect((await entered).code).not.toBe(0);
		expect(() => sandbox.enter('/usr/bin/true', [])).toThrow('not run');
	});
});

test("the relay has no privilege, sees no network but the sandbox's, and is the agent's user", async () => {
	const egress = await startTestEgress({ first: policyOf([]) });
	closers.push(egress.close);
	const { sandbox } = await launch(place, 'sleep 60', { egressSocket: egress.socketPath });
	const record = JSON.parse(readFileSync(join(place.run, 'run.json'), 'utf8')) as RunRecord;
	const relay = record.processes[2]!.pid;
	const status = readFileSync(`/proc/${relay}/status`, 'utf8');

	expect(status).toMatch(/CapPrm:\t0{16}\nCapEff:\t0{16}/);
	expect(status).toContain('NoNewPrivs:\t1');
	expect(status).toMatch(new RegExp(`^Uid:\t${place.uid}\t${place.uid}\t${place.uid}`, 'm'));
	expect(readlinkSync(`/proc/${relay}/ns/net`)).toBe(readlinkSync(`/proc/${sandbox.innerPid}/ns/net`));
	await sandbox.kill();
});

describe('the end', () => {
	test('takes everything along, what was put into the background too', async () => {
		const { sandbox, said, outcome } = await launch(place, 'setsid sleep 60 & (sleep 60 &) ; echo ready; sleep 60');
		await until(() => said().includes('ready'));
		const inner = identify(sandbox.innerPid)!;
		await sandbox.kill();

		expect(isAlive(inner)).toBe(false);
		expect(await outcome).toMatchObject({ why: 'killed' });
		expect(existsSync(join(place.run, 'run.json'))).toBe(false);
	});

	test('a workspace that holds more than it may ends the agent', async () => {
		writeFileSync(join(place.folder, 'other'), 'x');
		const outcome = await run(place, 'for i in $(seq 1 60); do head -c 4M /dev/zero >f$i; sleep 0.2; done; sleep 60', {
			limits: { workspaceBytes: 8_388_608 },
		});

		expect(outcome.why).toBe('workspace_full');
	});
});
