import { readFile } from 'node:fs/promises';
import { offeredCgroup } from './cgroup.ts';
import { findSystemProgram, installHint, kernelRingPrograms } from './programs.ts';
import { seccompFilter } from './seccomp.ts';
import type { Weakness } from './types.ts';

/** What was found on this machine. */
export interface RingFacts {
	readonly root: boolean;
	readonly cgroup: boolean;
	readonly architecture: string;
	/** Programs that are missing. */
	readonly missing: readonly string[];
	/** Of `user.max_user_namespaces`; 0 switches them off. */
	readonly userNamespaces: number;
	/** Whether the kernel keeps user namespaces to root or to profiled programs. */
	readonly restricted: boolean;
}

/** Looks at this machine. */
export async function ringFacts(): Promise<RingFacts> {
	const setting = async (path: string): Promise<number | undefined> => {
		const text = await readFile(`/proc/sys/${path}`, 'utf8').catch(() => undefined);
		return text === undefined ? undefined : Number(text);
	};
	const [most, cloned, apparmor] = await Promise.all([
		setting('user/max_user_namespaces'),
		setting('kernel/unprivileged_userns_clone'),
		setting('kernel/apparmor_restrict_unprivileged_userns'),
	]);
	return {
		root: process.getuid?.() === 0,
		cgroup: (await offeredCgroup()) !== undefined,
		architecture: process.arch,
		missing: kernelRingPrograms.filter((name) => findSystemProgram(name) === undefined),
		userNamespaces: most ?? 0,
		restricted: cloned === 0 || apparmor === 1,
	};
}

/** What keeps the kernel ring from working here, or makes it weaker than it could be; `blocking` ones first. */
export function weaknessesOf(facts: RingFacts): readonly Weakness[] {
	const found: Weakness[] = facts.missing.map((name) => ({
		id: `missing_${name}`,
		what: 'no sandbox can be started',
		why: `${name} is not installed`,
		fix: installHint(name),
		blocking: true,
	}));
	if (facts.userNamespaces === 0 || facts.restricted)
		found.push({
			id: 'user_namespaces',
			what: 'no sandbox can be started',
			why: 'the kernel gives no user namespaces to ordinary users',
			fix: facts.restricted
				? 'sysctl -w kernel.apparmor_restrict_unprivileged_userns=0 kernel.unprivileged_userns_clone=1'
				: 'sysctl -w user.max_user_namespaces=10000',
			blocking: true,
		});
	if (!facts.root)
		found.push({
			id: 'one_user',
			what: 'an agent that gets out of its sandbox is the same user as the daemon: it could read its keys and every other sandbox',
			why: 'only root can give each sandbox a user of its own',
			fix: 'sudo tappass-host daemon --print-unit',
			blocking: false,
		});
	if (!facts.cgroup)
		found.push({
			id: 'no_cgroup',
			what: 'memory is bounded for each process, not for the sandbox as a whole, and shared memory is not bounded',
			why: 'no cgroup v2 with memory and process counts is delegated to the daemon',
			fix: 'run the daemon from its systemd unit, which says Delegate=yes',
			blocking: false,
		});
	if (seccompFilter({ architecture: facts.architecture, unixSockets: true }) === undefined)
		found.push({
			id: 'no_seccomp',
			what: 'system calls are not filtered: io_uring and unix sockets in mounted directories are open to the agent',
			why: `the filter is not made for ${facts.architecture}`,
			blocking: false,
		});
	return found;
}

/**
 * What is weaker here than it could be, as `status` and `doctor` print it.
 * @param cgroup whether what was offered was given, when that is known
 */
export async function weaknesses(cgroup?: boolean): Promise<readonly Weakness[]> {
	const facts = await ringFacts();
	return weaknessesOf(cgroup === undefined ? facts : { ...facts, cgroup });
}
