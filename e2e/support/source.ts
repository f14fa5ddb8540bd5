/**
 * The code of a TypeScript source with the inside of its comments, strings, templates and regular expressions taken out, so
 * that words in prose are not taken for names; `${…}` in a template is code and stays.
 */
export function codeOf(source: string): string {
	let out = '';
	let at = 0;
	// Depth of braces at which each open `${` began.
	const templates: number[] = [];
	let depth = 0;
	while (at < source.length) {
		const rest = source.slice(at, at + 2);
		const character = source[at]!;
		if (rest === '//') at = endOf(source, at, '\n');
		else if (rest === '/*') at = endOf(source, at + 2, '*/') + 2;
		else if (character === "'" || character === '"') {
			at = quoteEnd(source, at, character);
			out += "''";
		} else if (character === '`' || (character === '}' && templates.at(-1) === depth)) {
			if (character === '}') templates.pop();
			const end = templateEnd(source, at + 1);
			out += character === '`' ? ' `' : ')';
			if (source[end] === '$') {
				templates.push(depth);
				out += '(';
				at = end + 2;
			} else at = end + 1;
		} else if (character === '/' && mayBeginRegExp(out)) {
			at = regExpEnd(source, at + 1);
			out += ' /re/ ';
		} else {
			if (character === '{') depth += 1;
			if (character === '}') depth -= 1;
			out += character;
			at += 1;
		}
	}
	return out;
}

function endOf(source: string, from: number, mark: string): number {
	const end = source.indexOf(mark, from);
	return end === -1 ? source.length : end;
}

function quoteEnd(source: string, start: number, quote: string): number {
	let at = start + 1;
	while (at < source.length && source[at] !== quote) at += source[at] === '\\' ? 2 : 1;
	return at + 1;
}

/** Index of the backtick that ends a template, or of the next `${`. */
function templateEnd(source: string, start: number): number {
	let at = start;
	while (at < source.length && source[at] !== '`' && source.slice(at, at + 2) !== '${')
		at += source[at] === '\\' ? 2 : 1;
	return at;
}

function regExpEnd(source: string, start: number): number {
	let inClass = false;
	let at = start;
	while (at < source.length && (inClass || source[at] !== '/') && source[at] !== '\n') {
		if (source[at] === '[') inClass = true;
		if (source[at] === ']') inClass = false;
		at += source[at] === '\\' ? 2 : 1;
	}
	return at + 1;
}

// A slash divides after a value, and begins a regular expression everywhere else.
function mayBeginRegExp(before: string): boolean {
	return /(?:^|[(,=:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|in|of))\s*$/.test(before.slice(-40));
}

/** What a pure package must not name: clocks, randomness, the environment, ways to load code or to reach the global object. */
export function impureNames(source: string): readonly string[] {
	const code = codeOf(source)
		.replace(/\bDate\.(?:UTC|parse)\b|\bnew Date\(\s*(?!\))|\binstanceof Date\b/g, '')
		.replace(/\bMath\.(?!random\b)\w+/g, '');
	return [...code.matchAll(impure)].map(([name]) => name);
}

const impure =
	/(?<![.\w#'])(?:Date|Math|process|globalThis|window|self|eval|Function|performance|setTimeout|setInterval|setImmediate|WebSocket|XMLHttpRequest|EventSource|Worker|navigator|require|createRequire)\b(?!\s*\??:)|\bimport\.meta\b|\bglobal\s*(?:\[|\.\s*(?:process|crypto|fetch|Date|Math|performance|eval|Function)\b)|(?<![.\w#])fetch\s*\(|\bcrypto\s*\.\s*(?:getRandomValues|randomUUID|subtle)\b|\bwebcrypto\b|\bconstructor\s*\.\s*constructor\b/g;

/** Imports whose specifier is computed: no list of imports can name them. */
export function computedImports(source: string): readonly string[] {
	return [...codeOf(source).matchAll(/(?<![.#\w])(?:import|require)\s*\(\s*(?!''\s*[,)])[^\n]{0,40}/g)].map(
		([text]) => text,
	);
}

/** Names that a source imports from `module`, `*` for all of it. */
export function namesFrom(source: string, module: string): readonly string[] {
	const escaped = module.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
	const clauses = source.matchAll(new RegExp(`^\\s*(?:import|export)\\b([^;'"]*?)\\bfrom\\s*['"]${escaped}['"]`, 'gm'));
	return [...clauses].flatMap(([, clause]) => {
		const named = /^[^{]*\{([^}]*)\}\s*$/.exec(clause!);
		if (named === null || /\w\s*,\s*\{/.test(clause!)) return ['*'];
		return named[1]!.split(',').flatMap((one) => {
			const name = one.trim().replace(/\s+as\s+\w+$/, '');
			return name === '' || name.startsWith('type ') || /^\s*type\b/.test(clause!) ? [] : [name];
		});
	});
}
