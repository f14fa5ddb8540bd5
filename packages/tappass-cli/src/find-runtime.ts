import { nearest, type Runtime, TapPassError } from '@tappass/core';
import type { Library } from '@tappass/policy';

/** The shipped Runtime of that id. @throws {TapPassError} not_found */
export function findRuntime(library: Library, id: string): Runtime {
	const found = library.runtimes.get(id)?.value;
	if (found !== undefined) return found;
	const near = nearest(id, library.runtimes.keys());
	throw new TapPassError('not_found', {
		detail: `there is no Runtime ${JSON.stringify(id)}`,
		hint: near === undefined ? 'tappass runtime list lists them' : `did you mean ${near}?`,
	});
}
