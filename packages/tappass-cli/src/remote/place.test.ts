import { expect, it } from 'vitest';
import { levelName, parseLevel, placeName } from './place.ts';

it.each([
	'',
	'orgs',
	'org=',
	'org=acme',
	'project',
	'project=',
	'agent=',
	'agent=/x',
	'agent=x/',
	'agent=a/b/c',
	'team=x',
])('refuses %j', (text) => {
	expect(() => parseLevel(text)).toThrow(expect.objectContaining({ code: 'usage' }));
});

it.each([
	['org', { project: null, agent: null }, 'org'],
	['project=eu-team', { project: 'eu-team', agent: null }, 'eu-team'],
	['agent=mailer', { project: null, agent: 'mailer' }, 'mailer'],
	['agent=eu-team/mailer', { project: 'eu-team', agent: 'mailer' }, 'eu-team/mailer'],
])('reads %s', (text, place, name) => {
	expect(parseLevel(text)).toEqual(place);
	expect(placeName(place)).toBe(name);
	expect(levelName(place)).toBe(text);
});
