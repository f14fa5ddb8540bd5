import { aspects } from '@tappass/core';
import type { Change, PolicyDiff } from './diff.ts';

const marks: Readonly<Record<Change['change'], string>> = {
	stricter: 'stricter',
	looser: 'looser  ',
	changed: 'changed ',
};

/** The difference as people read it: one line an Aspect, then its changes. */
export function printDiff({ changes, summary }: PolicyDiff): string {
	const lines: string[] = [];
	for (const aspect of [...aspects, 'pipeline'] as const) {
		lines.push(`${aspect}: ${summary[aspect]}`);
		for (const change of changes.filter((each) => each.aspect === aspect)) {
			const value =
				change.before === null
					? `+ ${change.after}`
					: change.after === null
						? `- ${change.before}`
						: `${change.before} → ${change.after}`;
			const where = change.path
				.split('/')
				.slice(1, change.before === null || change.after === null ? -1 : undefined)
				.join('.');
			lines.push(
				`  ${marks[change.change]}  ${where}: ${value} (${change.reason})${change.because === null ? '' : ` ⤷ ${change.because}`}`,
			);
		}
	}
	return lines.join('\n');
}
