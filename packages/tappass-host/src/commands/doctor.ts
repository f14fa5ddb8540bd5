import { execFile } from 'node:child_process';
import { lstat, statfs } from 'node:fs/promises';
import { promisify } from 'node:util';
import { type Answer, table } from '@tappass/cli-kit';
import { TapPassError } from '@tappass/core';
import { pinRoot } from '@tappass/trust';
import { HostPlane } from '../connection/host-plane.ts';
import { connectPinned } from '../connection/pinned.ts';
import type { SandboxView } from '../daemon/view.ts';
import { keyringFault } from '../launch/keyring-mount.ts';
import { isOtherTarget } from '../launch/other-programs.ts';
import { findSystemProgram, installHint, kernelRingPrograms } from '../launch/programs.ts';
import { limits } from '../limits.ts';
import { credentialsSchema, type Enrolment, enrolmentSchema, readDocument } from '../state/documents.ts';
import { enrolledNames } from '../state/enrolled.ts';
import { placesOf, sandboxPlaces } from '../state/places.ts';
import type { CommandContext } from './context.ts';

/** One thing that was looked at. */
export interface Finding {
	readonly check: string;
	readonly state: 'good' | 'weak' | 'bad';
	readonly found: string;
	/** The one command that mends it. */
	readonly fix?: string;
}

const run = promisify(execFile);

/** Looks at everything that enforcing needs on this machine. Exit code 1 when something is missing. */
export async function doctor(context: CommandContext): Promise<Answer> {
	const findings = [
		node(),
		...kernelRingPrograms.map(program),
		await namespaces(),
		await stateDirectory(context),
		await socketDirectory(context),
		...(await daemonOf(context)),
		...(await sandboxes(context)),
	];
	const rows = findings.map(({ check, found, state }) => [check, state, found]);
	const fixes = findings.filter(({ fix }) => fix !== undefined).map(({ check, fix }) => `${check}: run: ${fix}`);
	const isWell = findings.every(({ state }) => state !== 'bad');
	return {
		schema: 'tappass.host.doctor/1',
		fields: { findings, good: isWell },
		text: [table([['CHECK', 'STATE', 'FOUND'], ...rows], context.terminal.style), ...fixes].join('\n'),
		exit: isWell ? 0 : 1,
	};
}

function node(): Finding {
	const major = Number(process.versions.node.split('.')[0]);
	const found = `Node ${process.versions.node}`;
	return major >= 24
		? { check: 'node', state: 'good', found }
		: { check: 'node', state: 'bad', found: `${found}, 24 is needed`, fix: 'npm install --prefix .toolchain node@24' };
}

function program(name: string): Finding {
	const found = findSystemProgram(name);
	if (found !== undefined) return { check: name, state: 'good', found };
	return { check: name, state: 'bad', found: 'not on this machine', fix: installHint(name) };
}

async function namespaces(): Promise<Finding> {
	const check = 'user namespaces';
	const [unshare, bwrap] = [findSystemProgram('unshare'), findSystemProgram('bwrap')];
	if (unshare === undefined || bwrap === undefined) return { check, state: 'bad', found: 'bwrap is needed to tell' };
	const user = process.getuid?.() === 0 ? { uid: limits.uidFirst, gid: limits.uidFirst } : {};
	try {
		const words = ['--user', '--map-root-user', '--', bwrap, '--unshare-all', '--ro-bind', '/', '/', '--', '/bin/true'];
		await run(unshare, words, { cwd: '/', timeout: limits.requestMs, ...user });
		return { check, state: 'good', found: 'a sandbox can be made' };
	} catch (error) {
		const said =
			String((error as { readonly stderr?: string }).stderr ?? '')
				.trim()
				.split('\n')[0] ?? '';
		return { check, state: 'bad', found: said || 'a sandbox cannot be made', fix: await namespaceFix() };
	}
}

async function namespaceFix(): Promise<string> {
	const { readFile } = await import('node:fs/promises');
	const read = (path: string): Promise<string | undefined> =>
		readFile(path, 'utf8').then(
			(text) => text.trim(),
			() => undefined,
		);
	if ((await read('/proc/sys/kernel/apparmor_restrict_unprivileged_userns')) === '1')
		return 'sysctl -w kernel.apparmor_restrict_unprivileged_userns=0';
	if ((await read('/proc/sys/kernel/unprivileged_userns_clone')) === '0')
		return 'sysctl -w kernel.unprivileged_userns_clone=1';
	return 'sysctl -w user.max_user_namespaces=15000';
}

async function stateDirectory({ places }: CommandContext): Promise<Finding> {
	const check = 'state directory';
	const stat = await lstat(places.state).catch(() => undefined);
	if (stat === undefined) return { check, state: 'good', found: `${places.state} is made by the first init` };
	const own = process.getuid?.() ?? 0;
	if (!stat.isDirectory())
		return { check, state: 'bad', found: `${places.state} is no directory`, fix: `rm ${places.state}` };
	if (stat.uid !== own)
		return {
			check,
			state: 'bad',
			found: `${places.state} belongs to uid ${stat.uid}`,
			fix: `chown ${own} ${places.state}`,
		};
	if ((stat.mode & 0o022) !== 0)
		return { check, state: 'bad', found: 'others may write to it', fix: `chmod go-w ${places.state}` };
	const { bavail, bsize } = await statfs(places.state);
	const free = bavail * bsize;
	const found = `${places.state}, ${Math.round(free / 1_048_576)} MiB free`;
	if (free < 67_108_864) return { check, state: 'bad', found, fix: `df -h ${places.state}` };
	return { check, state: 'good', found };
}

async function socketDirectory({ env, places }: CommandContext): Promise<Finding> {
	const check = 'local API';
	const stat = await lstat(places.runtime).catch(() => undefined);
	if (stat === undefined) return { check, state: 'good', found: `${placesOf(env).socket} is made by the daemon` };
	const good = stat.isDirectory() && (stat.mode & 0o022) === 0;
	return good
		? { check, state: 'good', found: places.socket }
		: { check, state: 'bad', found: `others may write to ${places.runtime}`, fix: `chmod go-w ${places.runtime}` };
}

async function daemonOf({ daemon }: CommandContext): Promise<readonly Finding[]> {
	const check = 'daemon';
	try {
		const { daemon: found, sandboxes, weaknesses } = await daemon.status();
		return [
			{ check, state: 'good', found: `process ${found.pid}, user ${found.uid}` },
			...sandboxes.flatMap(kernelOf),
			...weaknesses.map(
				({ fix, id, what, why }): Finding => ({
					check: id,
					state: 'weak',
					found: `${what}: ${why}`,
					...(fix !== undefined && { fix }),
				}),
			),
		];
	} catch (error) {
		if (!(error instanceof TapPassError)) throw error;
		return [{ check, state: 'weak', found: 'none runs; start brings one up', fix: 'tappass-host daemon --background' }];
	}
}

/** The program that a Runtime names as kernel ring, where it is not ours; only the daemon knows what its `PATH` holds. */
function kernelOf({ missing, name, rings }: SandboxView): readonly Finding[] {
	const check = `${name} kernel ring`;
	const provider = rings['kernel']?.provider ?? null;
	if (missing !== null) {
		const found = missing.next === null ? missing.what : `${missing.what}; next: ${missing.next}`;
		return [{ check, state: 'bad', found }];
	}
	return isOtherTarget(provider) ? [{ check, state: 'good', found: `${provider} can be started` }] : [];
}

async function sandboxes(context: CommandContext): Promise<readonly Finding[]> {
	const names = await enrolledNames(context.files, context.places.state).catch(() => []);
	return (await Promise.all(names.map((name) => sandboxOf(context, name)))).flat();
}

async function sandboxOf({ files, places }: CommandContext, name: string): Promise<readonly Finding[]> {
	const own = sandboxPlaces(places.state, name);
	const anew = `tappass-host init ${name} --replace --enroll-url '<url>'`;
	try {
		const [enrolment, credentials, root] = await Promise.all([
			readDocument(files, own.enrolment, enrolmentSchema),
			readDocument(files, own.credentials, credentialsSchema),
			files.read(own.root),
		]);
		if (enrolment === undefined || credentials === undefined || root === undefined)
			return [
				{
					check: name,
					state: 'bad',
					found: `its state is not whole; the operator makes a URL: tappass sandbox reenroll ${name}`,
					fix: anew,
				},
			];
		const mount = await keyringMount(name, own.keyringDirectory);
		const ends = Date.parse(credentials.certificate.expires_at);
		const certificate: Finding =
			ends > Date.now()
				? { check: `${name} certificate`, state: 'good', found: `until ${credentials.certificate.expires_at}` }
				: {
						check: `${name} certificate`,
						state: 'bad',
						found: `ended ${credentials.certificate.expires_at}; the operator makes a URL: tappass sandbox reenroll ${name}`,
						fix: anew,
					};
		const server = await reach(name, enrolment, root, (told) => new HostPlane(enrolment, credentials, told));
		return [mount, certificate, ...server];
	} catch (error) {
		if (!(error instanceof TapPassError)) throw error;
		return [
			{
				check: name,
				state: 'bad',
				found: error.message,
				fix: error.code === 'file_unreadable' ? 'sudo tappass-host doctor' : anew,
			},
		];
	}
}

/** A file that is mounted alone goes stale when it is replaced: what agents are given must be a directory. */
async function keyringMount(name: string, path: string): Promise<Finding> {
	const check = `${name} keyring`;
	const fault = await keyringFault(path);
	if (fault === undefined) return { check, state: 'good', found: `${path} is a directory` };
	const [, mounted] = /mounted at (.*)/.exec(fault) ?? [];
	const fix =
		mounted !== undefined
			? `umount ${mounted}`
			: fault.startsWith('others')
				? `chmod go-w ${path}`
				: `tappass-host init ${name} --replace --enroll-url '<url>'`;
	return { check, state: 'bad', found: `${path}: ${fault}`, fix };
}

async function reach(
	name: string,
	{ sync_url }: Enrolment,
	root: Buffer,
	connect: (told: (serverMs: number) => void) => HostPlane,
): Promise<readonly Finding[]> {
	const { host, origin } = new URL(sync_url);
	const check = `${name} server`;
	let ahead = 0;
	const plane = connect((serverMs) => {
		ahead = Date.now() - serverMs;
	});
	try {
		(await connectPinned(origin, pinRoot(root))).destroy();
		// The answer does not matter: its date tells how far apart the clocks are.
		await plane.get('/v1/sync/clock').catch(() => undefined);
		const seconds = Math.round(ahead / 1_000);
		const clock: Finding =
			Math.abs(ahead) <= limits.clockAheadMaxMs
				? { check: `${name} clock`, state: 'good', found: `${Math.abs(seconds)} s from the server's` }
				: {
						check: `${name} clock`,
						state: 'bad',
						found: `${seconds} s ahead of the server's`,
						fix: 'timedatectl set-ntp true',
					};
		return [{ check, state: 'good', found: `${host} answers, with the right CA` }, clock];
	} catch (error) {
		const found = error instanceof TapPassError ? error.message : String(error);
		return [{ check, state: 'bad', found, fix: `curl -vk ${origin}/` }];
	} finally {
		plane.close();
	}
}
