import { coversPath, type Gap, type PathPattern, pathText, type RenderCapabilities } from '@tappass/core';
import { absolutePath, isCovered, nameOf, type PathRules, sortedPaths, strictlyBelow } from './paths.ts';

/** Grants for a target that can only add rights: Landlock has no rule that takes away what a directory above gave. */
export interface AdditiveGrants {
	readonly read: readonly PathPattern[];
	readonly write: readonly PathPattern[];
	readonly gaps: readonly Gap[];
}

/** What programs need to run at all; small pieces, so that a denied path takes little with it. */
export interface SystemGrants {
	readonly read: readonly string[];
	readonly write: readonly string[];
}

export const linuxSystem: SystemGrants = {
	read: [
		'/bin',
		'/dev/random',
		'/dev/urandom',
		'/etc/alternatives',
		'/etc/ca-certificates',
		'/etc/hosts',
		'/etc/ld.so.cache',
		'/etc/localtime',
		'/etc/nsswitch.conf',
		'/etc/passwd',
		'/etc/pki',
		'/etc/resolv.conf',
		'/etc/ssl/certs',
		'/etc/ssl/openssl.cnf',
		'/lib',
		'/lib64',
		'/proc',
		'/sbin',
		'/usr/bin',
		'/usr/lib',
		'/usr/lib64',
		'/usr/libexec',
		'/usr/local',
		'/usr/sbin',
		'/usr/share',
	],
	write: ['/dev/full', '/dev/null', '/dev/tty', '/dev/zero', '/tmp'],
};

export const macosSystem: SystemGrants = {
	read: [
		'/System/Cryptexes',
		'/System/Library',
		'/System/Volumes/Preboot/Cryptexes',
		'/bin',
		'/dev/random',
		'/dev/urandom',
		'/private/etc/hosts',
		'/private/etc/localtime',
		'/private/etc/passwd',
		'/private/etc/resolv.conf',
		'/private/etc/ssl',
		'/private/var/db/dyld',
		'/private/var/db/timezone',
		'/sbin',
		'/usr/bin',
		'/usr/lib',
		'/usr/libexec',
		'/usr/sbin',
		'/usr/share',
	],
	write: ['/dev/null', '/dev/tty', '/dev/zero', '/private/tmp'],
};

interface Options {
	/** Whether a path can be written in the target's format and stands for itself there. */
	readonly isSafe: (text: string) => boolean;
	readonly binaries: RenderCapabilities['binaries'];
	readonly system: SystemGrants;
	/** Further reason why a path cannot be granted, or undefined. */
	readonly refuse?: (path: PathPattern) => string | undefined;
}

/**
 * The rules as grants alone. A grant with something denied in it is left out, a workspace with something read-only in it
 * is granted for reading; each is a gap, and nothing is wider than the policy.
 */
export function additiveGrants(
	rules: PathRules,
	{ isSafe, binaries, system, refuse = () => undefined }: Options,
): AdditiveGrants {
	const gaps: Gap[] = [];
	const mayGrant = (path: PathPattern): boolean => {
		if (isCovered(rules.deny, path)) return false;
		const [inside] = strictlyBelow(rules.deny, path);
		const why = !isSafe(pathText(path))
			? 'this name cannot be written safely in the format of the target'
			: inside === undefined
				? refuse(path)
				: `${pathText(inside)} in it is denied, and the target cannot take away what a directory grants`;
		if (why !== undefined) gaps.push({ aspect: 'filesystem', value: nameOf(rules, path), why });
		return why === undefined;
	};
	const mayGrantSystem = (path: PathPattern): boolean => {
		if (isCovered(rules.deny, path)) return false;
		const inside = strictlyBelow(rules.deny, path);
		for (const denied of inside)
			gaps.push({
				aspect: 'filesystem',
				value: nameOf(rules, denied),
				why: `${pathText(path)} around it is left out whole, so programs that need it do not run`,
			});
		return inside.length === 0 && isSafe(pathText(path));
	};
	const programs = Object.values(binaries).map(absolutePath);
	const read = [
		...[...system.read.map(absolutePath), ...programs].filter(mayGrantSystem),
		...rules.read_only.filter(mayGrant),
	];
	const mayWriteSystem = (path: PathPattern): boolean => {
		// Scratch space around what the policy lets be read only would let it be written.
		const held = rules.read_only.filter((one) => coversPath(path, one));
		for (const one of held)
			gaps.push({
				aspect: 'filesystem',
				value: nameOf(rules, one),
				why: `${pathText(path)} is left out whole, since it would be writable there; programs that need it do not run`,
			});
		return held.length === 0 && mayGrantSystem(path);
	};
	const write = system.write.map(absolutePath).filter(mayWriteSystem);
	if (mayGrant(rules.workspace)) {
		const held = rules.read_only.filter((path) => coversPath(rules.workspace, path));
		(held.length === 0 ? write : read).push(rules.workspace);
		for (const path of held)
			gaps.push({
				aspect: 'filesystem',
				value: nameOf(rules, path),
				why: 'it lies in the workspace, and the target cannot take writing away in it: the whole workspace is read-only',
			});
	}
	return { read: withoutCovered(read), write: withoutCovered(write), gaps };
}

function withoutCovered(paths: readonly PathPattern[]): readonly PathPattern[] {
	const sorted = sortedPaths(paths);
	return sorted.filter((path) => !sorted.some((other) => other !== path && coversPath(other, path)));
}
