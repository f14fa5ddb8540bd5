import { join } from 'node:path';
import { aspects } from '@tappass/core';
import { describe, expect, test } from 'vitest';
import { coverageOf } from './coverage.ts';
import { findTarget, targets } from './registry.ts';
import type { Target } from './target.ts';

const page = join(import.meta.dirname, '../../../docs/providers.md');

function printPage(): string {
	const sorted = [...targets].sort((a, b) => (a.name < b.name ? -1 : 1));
	return `${[
		'# Providers',
		'',
		'What each target enforces of each Aspect. Written by `packages/providers/src/docs.test.ts` from what the targets render;',
		'`vitest run --project unit packages/providers/src/docs.test.ts -u` refreshes it.',
		'',
		`| Target | Position | ${aspects.join(' | ')} | Checked against |`,
		`| --- | --- | ${aspects.map(() => '---').join(' | ')} | --- |`,
		...sorted.map(printRow),
		'',
		'`full`: every field, for the whole agent. `partial`: see below; what a target cannot express is a gap when it renders, and a',
		'Runtime is valid only when another of its positions covers it or the Runtime accepts it with a reason. `none`: not consumed.',
		'',
		'## Where it is partial',
		'',
		'The gaps are those of one policy that uses every field, with a denied path and host inside an allowed one.',
		...sorted.flatMap(printPartial),
	].join('\n')}\n`;
}

function printRow(target: Target): string {
	const coverage = coverageOf(target);
	const cells = aspects.map((aspect) => coverage[aspect].level);
	return `| [\`${target.name}\`](../packages/providers/src/${target.name}/README.md) | ${target.position} | ${cells.join(' | ')} | ${target.checked_against.join('; ')} |`;
}

function printPartial(target: Target): readonly string[] {
	const coverage = coverageOf(target);
	const lines = aspects.flatMap((aspect) => coverage[aspect].why.map((why) => `- ${aspect}: ${why}`));
	return lines.length === 0 ? [] : ['', `### ${target.name}`, '', ...lines];
}

describe('docs/providers.md', () => {
	test('says what the targets do', async () => {
		await expect(printPage()).toMatchFileSnapshot(page);
	});

	test('claims nothing whole that a position cannot hold whole', () => {
		expect(coverageOf(findTarget('llm-gateway')!).network.level).toBe('partial');
		expect(coverageOf(findTarget('bubblewrap')!).network.level).toBe('full');
		expect(coverageOf(findTarget('bubblewrap')!).tools.level).toBe('none');
		expect(coverageOf(findTarget('openshell')!).filesystem.level).toBe('partial');
	});
});
