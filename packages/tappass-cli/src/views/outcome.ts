import { printable } from '@tappass/cli-kit';
import { type PolicyDiff, printDiff } from '@tappass/policy';
import { count } from '../diagnostics.ts';
import { limits } from '../limits.ts';
import { placeName } from '../remote/place.ts';
import type { Effect, Outcome } from '../remote/shapes.ts';
import { changedRuleGist, valueGist } from './rule-gist.ts';

/**
 * A change of policy as people read it: what was stored, and what got stricter and looser for whom.
 * @param full every change at its whole length
 */
export function outcomeText(outcome: Outcome, place: string, full: boolean): string {
	const { dry_run, applied, created_project, created_agent, effects } = outcome;
	const would = dry_run ? 'would be ' : '';
	const lines = applied.map(
		({ file_key, change }) => `${place}: ${file_key} ${change === 'unchanged' ? '' : would}${change}`,
	);
	if (created_project !== null) lines.push(`The project ${created_project} ${would}${dry_run ? 'made' : 'is new'}.`);
	if (created_agent !== null) lines.push(`The agent ${created_agent} ${would}${dry_run ? 'made' : 'is new'}.`);
	for (const [what, who] of grouped(effects, full)) lines.push('', who.join('\n'), what);
	lines.push('', summary(outcome));
	return printable(lines.join('\n'));
}

function summary({ dry_run, revision, stale, signed, failed }: Outcome): string {
	if (dry_run) return `Nothing was changed. ${count(stale, 'new statement')} would be signed.`;
	if (revision === null) return 'Nothing to change: this is what is in force.';
	const fault = failed ? ` ${failed} do not compile and deny everything: tappass sandbox list` : '';
	return `Revision ${revision}. ${stale === 0 ? 'No sandbox is concerned yet.' : `${count(signed ?? 0, 'new statement')} signed.`}${fault}`;
}

// What is the same for several is said once.
function grouped(effects: readonly Effect[], full: boolean): ReadonlyMap<string, readonly string[]> {
	const groups = new Map<string, string[]>();
	for (const effect of effects) {
		const what = changesText(effect, full);
		groups.set(what, [...(groups.get(what) ?? []), whoText(effect)]);
	}
	return groups;
}

function whoText({ spec, project, agent, sandbox_count, sandboxes }: Effect): string {
	const names = sandboxes.slice(0, namesShown).map(({ id, name }) => name ?? id);
	const more = sandbox_count > names.length ? `, and ${sandbox_count - names.length} more` : '';
	const who = spec === null ? placeName({ project, agent }) : `${spec} in ${placeName({ project, agent })}`;
	return `${who} (${sandbox_count === 0 ? 'no sandbox yet' : `${names.join(', ')}${more}`})`;
}

const namesShown = 10;

function changesText({ changes, summary: bySection, narrowed }: Effect, full: boolean): string {
	const said = full ? changes : changes.map(gistOf);
	const lines = printDiff({ changes: said, summary: bySection } as unknown as PolicyDiff)
		.split('\n')
		.filter((line) => !/^\w+: same$/.test(line));
	const shown = full ? lines : shortened(lines);
	const lost = narrowed.map(
		({ what, level, stated }) => `narrowed: ${what}: ${stated} of the ${level} level no longer holds`,
	);
	const all = [...(shown.length === 0 ? ['nothing gets stricter or looser'] : shown), ...lost];
	return all.map((line) => `  ${line}`).join('\n');
}

function shortened(lines: readonly string[]): readonly string[] {
	const shown: string[] = [];
	let inSection = 0;
	let left = 0;
	for (const line of [...lines, '']) {
		inSection = line.startsWith('  ') ? inSection + 1 : 0;
		if (inSection > limits.changesShown) left += 1;
		else {
			if (inSection === 0 && left > 0) shown.push(`  … and ${left} more: --full prints them all`);
			if (inSection === 0) left = 0;
			if (line !== '') shown.push(line);
		}
	}
	return shown;
}

type Change = Effect['changes'][number];

// The values are shortened and not the line, so that what it means and who caused it stay.
function gistOf(change: Change): Change {
	const { before, after } = change;
	const gist = (value: string | null): string | null =>
		value === null ? null : valueGist(value, limits.changeCharactersMax);
	const both = before === null || after === null ? undefined : changedRuleGist(before, after);
	return { ...change, ...(both ?? { before: gist(before), after: gist(after) }) };
}
