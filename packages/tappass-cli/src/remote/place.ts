import { Flags } from '@oclif/core';
import type { OptionFlag } from '@oclif/core/interfaces';
import { nearest, TapPassError } from '@tappass/core';

/** A place in the cascade as requests name it. */
export interface Place {
	readonly project: string | null;
	readonly agent: string | null;
}

/** `--level <where>`, of every command that changes policy. */
export const levelFlag: OptionFlag<string> = Flags.string({
	required: true,
	helpValue: 'org|project=<name>|agent=[<project>/]<name>',
	description: 'place in the cascade',
});

/** @throws {TapPassError} usage */
export function parseLevel(text: string): Place {
	const [, kind, name] = /^([^=]*)(?:=(.*))?$/s.exec(text)!;
	if (kind === 'org' && name === undefined) return { project: null, agent: null };
	if (kind === 'project' && name) return { project: name, agent: null };
	if (kind === 'agent' && name) {
		const [first = '', second, ...rest] = name.split('/');
		if (rest.length === 0 && first !== '' && second !== '')
			return second === undefined ? { project: null, agent: first } : { project: first, agent: second };
	}
	const near = nearest(kind ?? '', ['org', 'project', 'agent']);
	throw new TapPassError('usage', {
		detail: `--level ${JSON.stringify(text)} is no place in the cascade`,
		hint: `write org, project=<name>, agent=<name> or agent=<project>/<name>${near === undefined || near === kind ? '' : `; did you mean ${near}?`}`,
	});
}

/** A place as `--level` takes it: `org`, `project=eu-team`, `agent=eu-team/mailer`. */
export function levelName(place: Place): string {
	if (place.agent) return `agent=${placeName(place)}`;
	return place.project ? `project=${place.project}` : 'org';
}

/** `org`, `eu-team`, `eu-team/mailer`. */
export function placeName({ project, agent }: Place): string {
	return [project, agent].filter((part) => part !== null && part !== '').join('/') || 'org';
}
