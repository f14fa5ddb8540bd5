/** The small parts of the launch, without a sandbox. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { limits } from '../limits.ts';
import { boundsOf, ownerBounds } from './bounds.ts';
import { delegatedCgroup, makeCgroup } from './cgroup.ts';
import { identify, isAlive, signalProcess } from './process-identity.ts';
import { unreachablePart } from './reachable.ts';
import { assertNotRunning, keepRecord, sweepRuns } from './run-record.ts';
import { seccompFilter } from './seccomp.ts';
import { stage } from './stage.ts';
import { allocateUid, emptyUidTable, uidsOf } from './uid-range.ts';
import { type RingFacts, weaknessesOf } from './weaknesses.ts';
import { showsHostDirectories } from './wide-mounts.ts';
import { workspaceLook } from './workspace-watch.ts';

let folder: string;
beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), 'tappass-parts-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('user ids', () => {
	test('are never given twice, nor when the system has given them', () => {
		const first = allocateUid(emptyUidTable, 'a', new Set([limits.uidFirst]))!;
		const second = allocateUid(first.table, 'b', new Set())!;
		const again = allocateUid(second.table, 'a', new Set())!;

		expect([first.uid, second.uid, again.uid]).toEqual([limits.uidFirst + 1, limits.uidFirst + 2, limits.uidFirst + 1]);
	});
	test('end with the range', () => {
		expect(allocateUid({ next: limits.uidFirst + limits.uidCount, uids: {} }, 'a', new Set())).toBe(undefined);
	});
	test('are read from passwd', () => {
		expect(uidsOf('root:x:0:0::/:/bin/sh\nagent:x:20001:20001::/:/bin/sh\n').has(20_001)).toBe(true);
	});
});

describe('processes', () => {
	test('are not taken for a later one of the same number, nor signalled in its place', () => {
		const own = identify(process.pid)!;
		const earlier = { ...own, started: '1' };

		expect([isAlive(own), isAlive(earlier), isAlive({ ...own, boot: 'other' })]).toEqual([true, false, false]);
		signalProcess(earlier, 'SIGKILL');
	});
	test('that are gone are nobody', () => {
		expect(identify(4_194_305)).toBe(undefined);
	});
});

describe('what an earlier daemon left', () => {
	test('is forgotten when its processes are gone, and nobody else is ended', async () => {
		mkdirSync(join(folder, 'a'));
		await keepRecord(join(folder, 'a'), {
			schema: 'tappass.sandbox-run/1',
			name: 'a',
			processes: [{ ...identify(process.pid)!, started: '1' }],
			cgroup: null,
		});

		expect(await sweepRuns(folder)).toEqual([{ name: 'a', ended: 0 }]);
		expect(await sweepRuns(folder)).toEqual([]);
		expect(await sweepRuns(join(folder, 'none'))).toEqual([]);
	});
	test('keeps a second start away while it lives', async () => {
		await keepRecord(folder, {
			schema: 'tappass.sandbox-run/1',
			name: 'a',
			processes: [identify(process.pid)!],
			cgroup: null,
		});

		await expect(assertNotRunning(folder)).rejects.toMatchObject({ code: 'already_running' });
	});
});

describe('control groups', () => {
	function delegated(controllers: string): { readonly mount: string; readonly own: string } {
		const own = join(folder, 'own');
		writeFileSync(own, '1:name=x:/\n0::/unit\n');
		mkdirSync(join(folder, 'unit'));
		writeFileSync(join(folder, 'unit/cgroup.controllers'), `${controllers}\n`);
		// A helper of the daemon runs there too: the kernel gives no controllers to the children of a group with processes.
		writeFileSync(join(folder, 'unit/cgroup.procs'), `${process.pid}\n4242\n`);
		return { mount: folder, own };
	}
	test('are not used where they were not delegated', async () => {
		expect(await delegatedCgroup(delegated('hugetlb memory'))).toBe(undefined);
		expect(await delegatedCgroup({ mount: folder, own: join(folder, 'none') })).toBe(undefined);
	});
	test('hold a sandbox to its bounds', async () => {
		const base = (await delegatedCgroup(delegated('cpu memory pids')))!;
		const group = await makeCgroup(base, 'a', boundsOf({ memoryBytes: 1_000, processes: 7 }));
		await group.take(42);
		const read = (file: string): string => readFileSync(join(base, file), 'utf8');

		expect(read('cgroup.subtree_control')).toBe('+memory +pids');
		expect(read('daemon/cgroup.procs')).toBe('4242');
		expect(
			['memory.max', 'pids.max', 'memory.oom.group', 'cgroup.procs'].map((file) => read(`sandbox-a/${file}`)),
		).toEqual(['1000', '7', '1', '42']);
	});
	test('that cannot be made stop the start', async () => {
		writeFileSync(join(folder, 'sandbox-a'), '');
		await expect(makeCgroup(folder, 'a', boundsOf())).rejects.toThrow('EEXIST');
	});
});

describe('bounds that the host owner sets', () => {
	test.each([
		['TAPPASS_HOST_WORKSPACE_MIB', '0'],
		['TAPPASS_HOST_WORKSPACE_MIB', '20481'],
		['TAPPASS_HOST_WORKSPACE_MIB', '1e3'],
		['TAPPASS_HOST_MEMORY_MIB', '-1'],
		['TAPPASS_HOST_PROCESSES', '513'],
		['TAPPASS_HOST_PROCESSES', ' 5'],
	])('%s=%j is refused: lower than ours, and nothing else', (name, value) => {
		expect(() => ownerBounds({ [name]: value })).toThrow(name);
	});
	test('hold for what is named, and ours for the rest', () => {
		const set = ownerBounds({ TAPPASS_HOST_WORKSPACE_MIB: '16', TAPPASS_HOST_PROCESSES: '', HOME: '/x' });

		expect(boundsOf(set)).toEqual({ ...boundsOf(), workspaceBytes: 16_777_216 });
	});
});

describe('a workspace that is looked at', () => {
	const mebibyte = 1_048_576;
	const take = (name: string, mebibytes: number): void =>
		writeFileSync(join(folder, name), Buffer.alloc(mebibytes * mebibyte, 1));
	test('is found full though somebody else has freed far more room meanwhile', async () => {
		let free = 1_000 * mebibyte;
		const isFull = workspaceLook('/usr/bin/du', folder, 8 * mebibyte, async () => free);
		expect(await isFull()).toBe(false);
		free += 500 * mebibyte;
		expect(await isFull()).toBe(false);

		take('big', 9);
		free -= 9 * mebibyte;

		expect(await isFull()).toBe(true);
	});
	test('is measured now and then, whatever the file system says', async () => {
		const isFull = workspaceLook('/usr/bin/du', folder, 8 * mebibyte, async () => 1_000 * mebibyte);
		expect(await isFull()).toBe(false);

		take('big', 9);

		const looks = [];
		for (let look = 0; look < limits.workspaceLooksUnmeasured; look += 1) looks.push(await isFull());
		expect(looks).toContain(true);
	});
});

describe('descriptors that a shell has left open', () => {
	test('are closed before anything is started, the standard three are not', () => {
		const script = [
			`import { closeInherited } from ${JSON.stringify(join(import.meta.dirname, '../../dist/launch/inherited.js'))};`,
			"import { execFileSync } from 'node:child_process';",
			"const held = () => execFileSync('/bin/ls', ['/proc/self/fd'], { encoding: 'utf8' }).trim().split('\\n').join(' ');",
			'console.log(held()); closeInherited(); console.log(held()); closeInherited();',
		].join('\n');
		const shell = 'exec 200</ 201</etc/hostname 20>/dev/null; exec "$0" --input-type=module -e "$1"';

		const said = execFileSync('bash', ['-c', shell, process.execPath, script], { encoding: 'utf8' });

		const [before, after] = said.split('\n');
		expect(before).toMatch(/\b20 200 201\b/);
		expect(after).toBe('0 1 2 3');
	});
});

describe('staging', () => {
	test('makes a copy that others can read and run and not write, without special bits', async () => {
		const source = join(folder, 'source');
		mkdirSync(join(source, 'bin'), { recursive: true, mode: 0o700 });
		writeFileSync(join(source, 'bin/run'), 'x', { mode: 0o4700 });
		writeFileSync(join(source, 'data'), 'x', { mode: 0o666 });
		symlinkSync('/etc/shadow', join(source, 'link'));
		const place = await stage(source, join(folder, 'staged'), 'package');
		const again = await stage(source, join(folder, 'staged'), 'package');
		const mode = (path: string): string => (statSync(join(place, path)).mode & 0o7777).toString(8);

		expect([mode('.'), mode('bin'), mode('bin/run'), mode('data')]).toEqual(['755', '755', '755', '644']);
		expect(again).toBe(place);
	});
	test('says what cannot be read', async () => {
		await expect(stage(join(folder, 'none'), join(folder, 'staged'), 'x')).rejects.toMatchObject({
			code: 'file_unreadable',
		});
	});
	test('is needed where a directory keeps the user out', async () => {
		mkdirSync(join(folder, 'home/package'), { recursive: true });
		const home = join(folder, 'home');
		const other = { uid: 20_001, gid: 20_001 };
		rmSync(home, { recursive: true });
		mkdirSync(home, { mode: 0o700 });
		mkdirSync(join(home, 'package'));

		// The folder itself is of mode 0700 too, as mkdtemp makes it.
		expect(await unreachablePart(join(home, 'package'), other)).toBe(folder);
		expect(await unreachablePart('/usr/bin', other)).toBe(undefined);
	});
});

describe('the filter', () => {
	test('is a whole program for each machine it is made for, and none for others', () => {
		for (const architecture of ['x64', 'arm64']) {
			const some = seccompFilter({ architecture, unixSockets: true })!;
			expect(some.length % 8).toBe(0);
			// One test and one answer more for the family.
			expect(some.length - seccompFilter({ architecture, unixSockets: false })!.length).toBe(16);
		}
		expect(seccompFilter({ architecture: 'riscv64', unixSockets: true })).toBe(undefined);
	});
	test('takes unix sockets away where a directory of the host is shown', () => {
		const shown = (...args: readonly string[]): boolean =>
			showsHostDirectories({ files: [], args, env: {}, gaps: [] }, '/srv/work');

		expect(shown('--ro-bind', folder, '/data')).toBe(true);
		expect(shown('--ro-bind', '/usr', '/usr', '--ro-bind', '/srv/work/vendor', '/workspace/vendor')).toBe(false);
		expect(shown('--ro-bind', process.execPath, process.execPath)).toBe(false);
	});
});

describe('weaknesses', () => {
	const whole: RingFacts = {
		root: true,
		cgroup: true,
		architecture: 'x64',
		missing: [],
		userNamespaces: 100,
		restricted: false,
	};
	test('none on a machine that has everything', () => {
		expect(weaknessesOf(whole)).toEqual([]);
	});
	test.each<[string, Partial<RingFacts>, boolean]>([
		['missing_bwrap', { missing: ['bwrap'] }, true],
		['user_namespaces', { userNamespaces: 0 }, true],
		['user_namespaces', { restricted: true }, true],
		['one_user', { root: false }, false],
		['no_cgroup', { cgroup: false }, false],
		['no_seccomp', { architecture: 'riscv64' }, false],
	])('%s is said for %j', (id, facts, blocking) => {
		expect(weaknessesOf({ ...whole, ...facts })).toMatchObject([{ id, blocking }]);
	});
});
