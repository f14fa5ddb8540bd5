/**
 * Source text → the same module in the one form that `opa fmt` gives it. Written from the tree, with the rows of the
 * source deciding what stays on one line and where comments go; formatting twice changes nothing.
 */

import { RegoError } from '../errors.ts';
import { parseModule } from '../parse/index.ts';
import { ModuleWriter } from './module.ts';

/** How often a text is formatted again until nothing changes: comments in odd places may need a second round. */
const roundsMax = 5;

/**
 * Formats a module.
 *
 * @param file name for locations in diagnostics
 * @throws {RegoError} rego_parse_error, rego_limit_error: only text that parses has a form
 */
export function format(source: string, file = ''): string {
	let text = formatOnce(source, file);
	for (let round = 1; round < roundsMax; round++) {
		const again = reformatted(text, file);
		if (again === undefined || again === text) break;
		text = again;
	}
	return text;
}

/** The form of formatted text, or undefined where its parentheses nest too deeply to be read again. */
function reformatted(text: string, file: string): string | undefined {
	try {
		return formatOnce(text, file);
	} catch (error) {
		if (error instanceof RegoError && error.code === 'rego_limit_error') return undefined;
		throw error;
	}
}

function formatOnce(source: string, file: string): string {
	const module = parseModule(source, file, { experimental: true, annotations: false });
	return new ModuleWriter(source, module.comments).writeModule(module);
}
