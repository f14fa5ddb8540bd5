/** Whatever names a type of audit event must name a row of the table: the log takes no other, and what it was for fails. */
import { eventTypes } from '@tappass/audit';
import { expect, test } from 'vitest';
import { filesBelow, readText, withoutComments } from './support/repository.ts';

const nouns = [...new Set(Object.keys(eventTypes).map((type) => type.split('.')[0]!))].join('|');
// `type:` in front of other words is something else: other protocols have types with dots as well.
const named = new RegExp(
	`\\b(?:audit: '([^'.]*\\.[^']*)'|type: '((?:${nouns})\\.[a-z_.]+)'|eventOf\\([^,]*, '([^']*)')`,
	'g',
);

test('every type of event that is written is in the table', () => {
	const found = ['packages/server/src', 'packages/gateway/src']
		.flatMap((folder) => filesBelow(folder, '.ts'))
		.filter((path) => !path.endsWith('.test.ts'))
		.flatMap((path) =>
			[...withoutComments(readText(path)).matchAll(named)].map(([, route, event, made]) => ({
				path,
				type: route ?? event ?? made ?? '',
			})),
		);

	expect(found.length).toBeGreaterThan(20);
	expect(found.filter(({ type }) => !Object.hasOwn(eventTypes, type))).toEqual([]);
});

test('every type of event that the gateway or its stores write is on its page', () => {
	const page = readText('docs/gateway.md');
	const types = ['packages/server/src/gateway-store', 'packages/gateway/src']
		.flatMap((folder) => filesBelow(folder, '.ts'))
		.filter((path) => !/\.test\.|test\.support|\/(?:dev|test-support)\//.test(path))
		.flatMap((path) => [...withoutComments(readText(path)).matchAll(/'([a-z]+\.[a-z_]+)'/g)].map(([, type]) => type!))
		.filter((type) => Object.hasOwn(eventTypes, type));

	expect(new Set(types).size).toBeGreaterThan(8);
	expect([...new Set(types)].filter((type) => !page.includes(`\`${type}\``)).sort()).toEqual([]);
});
