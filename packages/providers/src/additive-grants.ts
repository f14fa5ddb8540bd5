import { coversPath, type Gap, type PathPattern, pathText, type RenderCapabilities } from '@tappass/core';
import { absolutePath, isCovered, nameOf, type PathRules, sortedPaths, strictlyBelow } from './paths.ts';

/** Grants for a target that can only add rights: Landlock has no rule that takes away what a directory above gave. */
export interface AdditiveGrants {
	readonly read: readonly PathPattern[];
	readonly write: readonly PathPattern[];
	readonly gaps: readonly Gap[];
}

/** What programs on Linux need to run at all; small pieces, so that a denied path takes little with it. */
export const systemGrants: { readonly read: readonly string[]; readonly write: readonly string[] } = {
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

interface Options {
	/** Whether a path can be written in the target's format and stands for itself there. */
	readonly isSafe: (text: string) => boolean;
	readonly binaries: RenderCapabilities['binaries'];
}

/**
 * The rules as grants alone. A grant with something denied in it is left out, a workspace with something read-only in it
 * is granted for reading; each is a gap, and nothing is wider than the policy.
 */
export function additiveGrants(rules: PathRules, { isSafe, binaries }: Options): AdditiveGrants {
	const gaps: Gap[] = [];
	const mayGrant = (path: PathPattern): boolean => {
		if (isCovered(rules.deny, path)) return false;
		const inside = strictlyBelow(rules.deny, path);
		if (inside.length === 0 && isSafe(pathText(path))) return true;
		const why =
			inside.length === 0
				? 'this name cannot be written safely in the format of the target'
				: `${pathText(inside[0]!)} in it is denied, and the target cannot take away what a directory grants`;
		gaps.push({ aspect: 'filesystem', value: nameOf(rules, path), why });
		return false;
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
		...[...systemGrants.read.map(absolutePath), ...programs].filter(mayGrantSystem),
		...rules.read_only.filter(mayGrant),
	];
	const write = systemGrants.write.map(absolutePath).filter(mayGrantSystem);
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
