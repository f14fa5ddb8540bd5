import { expect, test } from 'vitest';
import { oneLine } from './fail.ts';

test.each([
	[
		'Missing 1 required arg:\nlog  address of a log, or the directory of a copy\nNote: --witness allows multiple values. Because of this you need to provide all arguments before providing that flag.\nAlternatively, you can use "--" to signify the end.\nSee more help with --help',
		'missing: log: address of a log, or the directory of a copy',
	],
	[
		'Missing 2 required args:\nfrom  where\nto    whither\nSee more help with --help',
		'missing: from: where; to: whither',
	],
	[
		'Parsing --count \n\tExpected an integer greater than or equal to 1 but received: 0\nSee more help with --help',
		'--count: expected an integer greater than or equal to 1 but received: 0',
	],
	[
		'The following error occurred:\n  Missing required flag level\nSee more help with --help',
		'Missing required flag level',
	],
])('%j is said in one line', (message, line) => {
	expect(oneLine(message)).toBe(line);
});
