import { TapPassError } from '@tappass/core';

/** An agent as a person writes it: `project/agent`. @throws {TapPassError} usage */
export function readAgent(text: string): { readonly project: string; readonly agent: string } {
	const [, project, agent] = /^([^/]+)\/([^/]+)$/.exec(text) ?? [];
	if (project === undefined || agent === undefined)
		throw new TapPassError('usage', { detail: `--agent: ${JSON.stringify(text)}`, hint: 'write project/agent' });
	return { project, agent };
}
