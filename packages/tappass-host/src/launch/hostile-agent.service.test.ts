/** A hostile agent inside, for real: what it tries is contained and told, and the sandbox beside it goes on. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
	type EgressUnderTest,
	type Origin,
	policyOf,
	startOrigin,
	startTestEgress,
	until,
} from '../test-support/egress.ts';
import {
	launch,
	makePlace,
	type Running,
	run,
	runEntered,
	type SandboxPlace,
	sandboxOptions,
} from '../test-support/sandbox.ts';
import { agentEnvironment } from './environment.ts';

let place: SandboxPlace;
let beside: Running;
let origin: Origin;
let egress: EgressUnderTest;
const closers: (() => unknown)[] = [];

/** Another sandbox, which asks the gateway again and again and says each answer. */
beforeEach(async () => {
	place = makePlace();
	const other = makePlace(20_002);
	origin = await startOrigin((_, response) => response.end('alive\n'));
	const agentPlaneUrl = `http://127.0.0.1:${origin.port}`;
	egress = await startTestEgress({ first: policyOf(['files.acme.com']), agentPlaneUrl });
	const besideEgress = await startTestEgress({ first: policyOf([]), agentPlaneUrl });
	beside = await launch(other, 'while curl -s -m 20 http://inference.local:3128/; do sleep 0.1; done; echo dead', {
		name: 'beside',
		egressSocket: besideEgress.socketPath,
	});
	closers.push(place.remove, other.remove, origin.close, egress.close, besideEgress.close, beside.sandbox.kill);
});
afterEach(async () => {
	for (const close of closers.splice(0).reverse()) await close();
});

/** Holds when the sandbox beside has had two more answers from now on. */
async function besideGoesOn(): Promise<void> {
	const before = beside.said().length;
	await until(() => beside.said().length >= before + 12);
	expect(beside.said()).not.toContain('dead');
}
function python(body: string): string {
	return `python3 - <<'END'\nimport ctypes, errno, os, socket, sys\nlibc = ctypes.CDLL(None, use_errno=True)\n${body}\nEND`;
}
async function attack(script: string, limits = {}): Promise<{ stdout: string; stderr: string; code: number | null }> {
	return run(place, script, { egressSocket: egress.socketPath, limits });
}

describe('takes no more than it may', () => {
	test('fork bomb', async () => {
		const running = await launch(place, 'echo go; bomb() { bomb | bomb & }; bomb; sleep 60', {
			limits: { processes: 64 },
		});
		await until(() => running.said().includes('go'));
		await besideGoesOn();
		await running.sandbox.kill();
		const { stderr } = await running.outcome;

		expect(stderr).toContain('Resource temporarily unavailable');
	});

	test('open files', async () => {
		const { stdout } = await attack(
			python(
				'files = []\ntry:\n    while True: files.append(open("/dev/null"))\nexcept OSError as error: print(error.errno == errno.EMFILE, len(files) < 64)',
			),
			{ openFiles: 64 },
		);

		expect(stdout).toBe('True True\n');
		await besideGoesOn();
	});

	test('memory of a process', async () => {
		const { stdout } = await attack(python('try: x = bytearray(1 << 30)\nexcept MemoryError: print("refused")'), {
			memoryBytes: 268_435_456,
		});

		expect(stdout).toBe('refused\n');
	});

	test('memory by files: /tmp, home, /run and shared memory', async () => {
		const { stdout } = await attack(
			'for at in /tmp /home/agent /dev/shm; do head -c 20M /dev/zero >$at/x 2>/dev/null; stat -c %s $at/x; done; touch /run/x /dev/x / 2>&1 | grep -c "Read-only"',
			{ scratchBytes: 4_194_304 },
		);

		expect(stdout.trim().split('\n')).toEqual(['4194304', '4194304', '4194304', '3']);
	});

	test('one file', async () => {
		const { stdout } = await attack('(head -c 20M /dev/zero >big) 2>/dev/null; stat -c %s big', {
			fileBytes: 1_048_576,
		});

		expect(stdout).toBe('1048576\n');
	});

	test('10,000 connections to the proxy', async () => {
		const { stdout } = await attack(
			python(
				[
					'held = []',
					'for n in range(10000):',
					'    one = socket.socket(); one.setblocking(False); one.connect_ex(("127.0.0.1", 3128)); held.append(one)',
					'    if len(held) > 900: held.pop(0).close()',
					'for one in held: one.close()',
					'import time, urllib.request',
					'for wait in range(300):',
					'    try: print(urllib.request.urlopen("http://inference.local:3128/").read().decode().strip()); break',
					'    except OSError: time.sleep(0.1)',
				].join('\n'),
			),
			{ processes: 256 },
		);

		expect(stdout).toBe('alive\n');
		await besideGoesOn();
	});
});

describe('gets nowhere', () => {
	test.each([
		['metadata', '169.254.169.254', 'metadata_address'],
		['loopback', '127.0.0.1:22', 'private_address'],
		['loopback by IPv6', '[::1]:22', 'private_address'],
		['a private network', '10.0.0.1', 'private_address'],
		['a host that is not listed', 'evil.example', 'domain_not_allowed'],
	])('%s', async (_, host, code) => {
		const { stdout } = await attack(
			`unset NO_PROXY no_proxy; curl -s -g -x http://127.0.0.1:3128 -o /dev/null -w '%{http_code} %header{x-tappass-code}\n' http://${host}/; curl -s -g -o /dev/null --noproxy '*' -m 2 http://${host}/; echo $?`,
		);

		expect(stdout.split('\n')[0]).toBe(`403 ${code}`);
		expect(stdout.split('\n')[1]).toMatch(/^[67]$/);
		expect(egress.denials.map((denial) => denial.code)).toEqual([code]);
	});

	test('DNS rebinding: the second answer is never asked for, and a first one that is private is refused', async () => {
		await egress.close();
		closers.splice(closers.indexOf(egress.close), 1);
		const answers = [['10.0.0.1'], ['169.254.169.254', '1.1.1.1']];
		egress = await startTestEgress({
			first: policyOf(['files.acme.com']),
			resolve: async () => answers.shift() ?? ['127.0.0.1'],
		});
		closers.push(egress.close);
		const { stdout } = await attack(
			`for n in 1 2 3; do curl -s -o /dev/null -w '%header{x-tappass-code}\n' http://files.acme.com:${origin.port}/; done`,
		);

		expect(stdout).toBe('private_address\nmetadata_address\nprivate_address\n');
		expect(origin.seen.filter(({ headers }) => headers.host?.startsWith('files'))).toEqual([]);
	});

	test('malformed requests: each is answered or ended, and the proxy goes on', async () => {
		const { stdout } = await attack(
			[
				`send() { exec 3<>/dev/tcp/127.0.0.1/3128; printf "$1" >&3; timeout 15 head -c 12 <&3; echo; exec 3>&-; }`,
				`send 'GET / HTTP/9.9\\r\\n\\r\\n'`,
				`send 'CONNECT \\r\\n\\r\\n'`,
				`send '\\x16\\x03\\x01\\r\\n\\r\\n'`,
				`send 'POST / HTTP/1.1\\r\\nhost: a\\r\\ncontent-length: -1\\r\\n\\r\\n'`,
				`send 'GET http://[::1 HTTP/1.1\\r\\nhost: a\\r\\n\\r\\n'`,
				'curl -s http://inference.local:3128/',
			].join('\n'),
		);

		expect(stdout.trim().split('\n')).toEqual([...new Array(5).fill('HTTP/1.1 400'), 'alive']);
		await besideGoesOn();
	});

	test('a request that never ends is ended, and others do not wait for it', async () => {
		const { stdout } = await attack(
			[
				'exec 3<>/dev/tcp/127.0.0.1/3128; printf "GET / HTTP/1.1\\r\\nx: " >&3',
				'curl -s http://inference.local:3128/',
				'grep -i "^x-tappass-code" <&3',
			].join('\n'),
		);

		expect(stdout.trim().split(/\r?\n/)).toEqual(['alive', 'x-tappass-code: request_malformed']);
		expect(egress.denials.map(({ reason }) => reason)).toEqual(['the request was not complete in time']);
	});

	test('sockets: no abstract one of the host is there, and none that is a file', async () => {
		const { stdout } = await attack(
			`${python(
				[
					'try: socket.socket(socket.AF_UNIX).connect("\\0/tmp/.X11-unix/X0")',
					'except OSError as error: print(errno.errorcode[error.errno])',
				].join('\n'),
			)}\nfind / -xdev -type s 2>/dev/null; find /run /tmp /dev -type s 2>/dev/null; echo none`,
		);

		expect(stdout).toBe('ECONNREFUSED\nnone\n');
	});
});

describe('sees and touches nothing outside', () => {
	test('/proc: no process of the host, nothing to write', async () => {
		const { stdout, stderr } = await attack(
			[
				`ls -d /proc/[0-9]* | wc -l`,
				`kill -0 ${process.pid} 2>&1; kill -0 ${beside.sandbox.innerPid} 2>&1`,
				'for at in sys/kernel/core_pattern sys/vm/drop_caches sysrq-trigger sys/user/max_user_namespaces; do (echo 1 >/proc/$at) 2>/dev/null && echo wrote $at; done',
				'head -c 1 /proc/kcore /proc/1/mem; ls /proc/1/root/etc/shadow',
			].join('\n'),
		);

		expect(Number(stdout.split('\n')[0])).toBeLessThan(12);
		expect(stdout.match(/No such process/g)).toHaveLength(2);
		expect(stdout).not.toContain('wrote');
		expect(stderr).toMatch(/kcore.*(?:Permission denied|not permitted|No such file)/);
		expect(stderr).toContain("'/proc/1/root/etc/shadow'");
	});

	test('ptrace and memory of processes outside', async () => {
		const { stdout } = await attack(
			python(
				[
					`for pid in (${process.pid}, ${beside.sandbox.pid}, ${beside.sandbox.innerPid}):`,
					'    done = libc.ptrace(16, pid, 0, 0); print(done, errno.errorcode[ctypes.get_errno()])',
				].join('\n'),
			),
		);

		expect(stdout).toBe('-1 ESRCH\n'.repeat(3));
	});

	test('nested namespaces and mounts, by every call that makes them', async () => {
		const { stdout, stderr } = await attack(
			[
				'for kind in user mount net pid ipc uts cgroup; do unshare --$kind true 2>/dev/null && echo made $kind; done; unshare -r true && echo made',
				python(
					[
						// clone(CLONE_NEWUSER | SIGCHLD): the filter cannot refuse it, the kernel's count of namespaces does.
						'call = 220 if os.uname().machine == "aarch64" else 56',
						'pid = libc.syscall(call, 0x10000000 | 17, 0, 0, 0, 0)',
						'if pid == 0: os._exit(0)',
						'print(pid, errno.errorcode[ctypes.get_errno()])',
						'print(libc.mount(b"none", b"/tmp", b"tmpfs", 0, 0), errno.errorcode[ctypes.get_errno()])',
					].join('\n'),
				),
			].join('\n'),
		);

		expect(stderr).not.toBe('');
		expect(stdout).toBe('-1 ENOSPC\n-1 EPERM\n');
	});

	test('the Keyring, by every way to change a file', async () => {
		const { stdout } = await attack(
			python(
				[
					'path = "/run/tappass/keyring.json"',
					'acts = [lambda: open(path, "r+"), lambda: os.chmod(path, 0o777), lambda: os.unlink(path), lambda: os.symlink("/etc/passwd", "/run/tappass/root.json"), lambda: os.truncate(path, 0), lambda: os.utime(path), lambda: os.link(path, "/run/tappass/l"), lambda: os.setxattr(path, "user.a", b"1"), lambda: open(f"/proc/self/fd/{os.open(path, os.O_RDONLY)}", "r+")]',
					'for act in acts:',
					'    try: act(); print("done")',
					'    except OSError as error: print(errno.errorcode[error.errno])',
				].join('\n'),
			),
		);

		expect(stdout.trim().split('\n')).toHaveLength(9);
		expect(stdout).toMatch(/^(?:(?:EROFS|EACCES)\n){9}$/);
		expect(readFileSync(join(place.keyring, 'keyring.json'), 'utf8')).toBe('{"keyring":1}');
	});

	test('files of the sandbox beside, and the daemon itself', async () => {
		const { stdout, stderr } = await attack(
			`ls ${place.folder}/.. ${place.run} /proc/1/environ /var/lib /root; cat /proc/1/environ | tr '\\0' '\\n'; kill -9 -1`,
		);

		expect(stdout).not.toContain('tappass-launch');
		expect(stderr.match(/No such file or directory/g)!.length).toBeGreaterThanOrEqual(3);
		await besideGoesOn();
	});

	test('no descriptor but the standard three, as the agent and as what enters later', async () => {
		const list = python(
			['for fd in range(1024):', '    try: os.fstat(fd); print(fd)', '    except OSError: pass'].join('\n'),
		);
		const { sandbox, said } = await launch(place, `${list}\necho ready; sleep 60`, { egressSocket: egress.socketPath });
		await until(() => said().includes('ready'));
		const entered = await runEntered(sandbox.enter('/usr/bin/bash', ['-c', list]));
		await sandbox.kill();

		expect(said()).toBe('0\n1\n2\nready\n');
		expect(entered.stdout).toBe('0\n1\n2\n');
	});

	test('with every variable that it is given, it holds no token', async () => {
		const { args } = sandboxOptions(place, '').rendered;

		expect(JSON.stringify([args, agentEnvironment])).not.toMatch(/token-[gb]/);
		expect((await attack('env; cat /run/tappass/*')).stdout).not.toMatch(/token-[gb]/);
		rmSync(join(place.workspace, 'x'), { force: true });
	});
});
