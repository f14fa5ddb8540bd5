import { expect, it } from 'vitest';
import { fromRego } from './diagnostics.ts';

const loc = { file: 'a.rego', row: 1, col: 1, offset: 0 };

it.each([
	['package expected', ['garbage', '^'], 'package expected in garbage'],
	['empty module', ['', '^'], 'empty module'],
	['unexpected } token', ['\tx := }', '      ^'], 'unexpected } token in x := }'],
	['undefined ref: input.x', ['input.x', '      ^', 'have: "y"'], 'undefined ref: input.x; have: "y"'],
	['match error', ['left  : string', 'right : number'], 'match error; left  : string; right : number'],
	['unsafe', undefined, 'unsafe'],
])('%s is told in one line, without a caret', (message, details, line) => {
	const diagnostic = { code: 'rego_parse_error', message, loc, ...(details && { details }) };
	expect(fromRego(diagnostic as never).message).toBe(line);
});
