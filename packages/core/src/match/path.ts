/** An absolute path, or one below the agent's home; it names itself and everything below it. */
export interface PathPattern {
	readonly root: '/' | '~';
	/** Segments below the root; empty for the root itself. */
	readonly segments: readonly string[];
}
/** A pattern, or what is wrong with its text. */
export type ParsedPathPattern =
	| { readonly pattern: PathPattern; readonly problem?: never }
	| { readonly problem: string; readonly pattern?: never };

/** Reads a path pattern: `/usr`, `~/.ssh`. No globs, no `.` or `..`, no doubled or trailing slash: one text for one path. */
export function parsePathPattern(text: string): ParsedPathPattern {
	if (!text.startsWith('/') && text !== '~' && !text.startsWith('~/'))
		return { problem: `${JSON.stringify(text)}: expected an absolute path or one that starts with ~/` };
	if (/[\u0000-\u001f\u007f]/.test(text) || !text.isWellFormed())
		return { problem: `${JSON.stringify(text)}: control characters are not allowed` };
	if (/[*?[\]{}]/.test(text))
		return {
			problem: `${JSON.stringify(text)}: a path stands for itself and everything below it; globs are not allowed`,
		};
	const root = text.startsWith('~') ? '~' : '/';
	const rest = text.slice(text.startsWith('~/') ? 2 : 1);
	const segments = rest === '' ? [] : rest.split('/');
	const bad = segments.find((segment) => segment === '' || segment === '.' || segment === '..');
	if (bad !== undefined || text === '~/')
		return {
			problem: `${JSON.stringify(text)}: write the path without empty, . or .. segments and without a trailing slash`,
		};
	return { pattern: { root, segments } };
}

/** Whether `inner` is `outer` itself or lies below it. Paths under different roots never cover each other. */
export function coversPath(outer: PathPattern, inner: PathPattern): boolean {
	if (outer.root !== inner.root || outer.segments.length > inner.segments.length) return false;
	return outer.segments.every((segment, index) => segment === inner.segments[index]);
}

/** The longer of two paths when one lies below the other, else undefined. */
export function intersectPaths(a: PathPattern, b: PathPattern): PathPattern | undefined {
	if (coversPath(a, b)) return b;
	if (coversPath(b, a)) return a;
	return undefined;
}

/** The text that `parsePathPattern` reads back as the same pattern. */
export function pathText(pattern: PathPattern): string {
	if (pattern.root === '/') return `/${pattern.segments.join('/')}`;
	return ['~', ...pattern.segments].join('/');
}

/** The same path with `~` replaced by the agent's home, so that it can be compared with absolute ones. */
export function resolveHome(pattern: PathPattern, home: PathPattern): PathPattern {
	return pattern.root === '~' ? { root: '/', segments: [...home.segments, ...pattern.segments] } : pattern;
}
