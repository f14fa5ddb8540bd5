import { coversPath, type Gap, type PathPattern, pathText } from '@tappass/core';
import { isCovered, nameOf, type PathRules, sortedPaths } from '../paths.ts';

/** The filesystem Aspect in texts that mean the same in a rule (gitignore) and in a list of directories. */
export interface ClaudePaths {
	/** Directories to read from, the workspace among them. */
	readonly read: readonly string[];
	/** The workspace, unless it may not be written at all. */
	readonly write: string | undefined;
	/** What may be read and not edited, inside the workspace or out of it. */
	readonly read_only: readonly string[];
	readonly deny: readonly string[];
	readonly gaps: readonly Gap[];
}

// Seen to mean themselves in rules of 2.1.197. Others are syntax of rules (parentheses), of gitignore (backslash, a last
// space) or have several spellings (letters beyond ASCII).
const plainSegment = /^[A-Za-z0-9_.@+=:,%~#!-]+(?: [A-Za-z0-9_.@+=:,%~#!-]+)*$/;

/**
 * Sorts the paths into those that can be written and those that cannot. For a denial that cannot be written the nearest
 * directory above that can is denied whole; a grant that cannot be written is not given. Both are gaps.
 */
export function claudePaths(rules: PathRules): ClaudePaths {
	const gap = (path: PathPattern, why: string): Gap => ({ aspect: 'filesystem', value: nameOf(rules, path), why });
	const denyAbove = (path: PathPattern): Gap =>
		gap(path, `this name cannot be written safely in a rule; ${pathText(writable(path))} is denied whole instead`);
	const holdAbove = (path: PathPattern): Gap =>
		gap(
			path,
			coversPath(rules.workspace, path)
				? `this name cannot be written safely in a rule; ${pathText(writable(path))} is not editable instead`
				: 'this name cannot be written safely in a rule; it is not readable',
		);
	const deny = sortedPaths(rules.deny.map(writable));
	// A read-only path around the workspace leaves that writable.
	const held = sortedPaths(
		rules.read_only
			.filter((path) => coversPath(rules.workspace, path) || (isPlain(path) && !coversPath(path, rules.workspace)))
			.map(writable),
	);
	const mayWrite = isPlain(rules.workspace) && !isCovered([...deny, ...held], rules.workspace);
	const grants = sortedPaths([rules.workspace, ...rules.read_only]).filter(
		(path) => isPlain(path) && !isCovered(deny, path),
	);
	return {
		read: grants.map(pathText),
		write: mayWrite ? pathText(rules.workspace) : undefined,
		read_only: held.map(ruleText),
		deny: deny.map(ruleText),
		gaps: [
			...rules.deny.filter((path) => !isPlain(path)).map(denyAbove),
			...rules.read_only.filter((path) => !isPlain(path)).map(holdAbove),
			...(isPlain(rules.workspace)
				? []
				: [gap(rules.workspace, 'this name cannot be written safely in a rule; nothing can be read or edited there')]),
		],
	};
}

function isPlain(path: PathPattern): boolean {
	return path.segments.every((segment) => plainSegment.test(segment));
}

function writable(path: PathPattern): PathPattern {
	const end = path.segments.findIndex((segment) => !plainSegment.test(segment));
	return end === -1 ? path : { root: path.root, segments: path.segments.slice(0, end) };
}

// `//` alone would name nothing; everything below the root is `//**`.
function ruleText(path: PathPattern): string {
	return path.segments.length === 0 ? '/**' : pathText(path);
}

/** Whether a path has letters that a rule confuses with others. */
export function isFolded(path: string): boolean {
	return path.toLowerCase() !== path.toUpperCase();
}
