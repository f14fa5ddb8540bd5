/**
 * `npm run detect:report -- [folder of the data]`: measures everything and writes the figures to the README of this package,
 * with the hash of the weights that are checked in.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { detectExfiltration } from '../exfiltration/detect-exfiltration.ts';
import { detectPii } from '../pii/detect-pii.ts';
import { detectSecrets } from '../secrets/detect-secrets.ts';
import { hasData, type LabelledText, readRows } from './data.ts';
import { injectionFold, statedFold } from './folds.ts';
import {
	applyRules,
	type Count,
	countBy,
	crossValidate,
	knownInTheClear,
	leaveOneSourceOut,
	measurePii,
	type Scored,
	total,
} from './measure.ts';
import { markers, weightsLine } from './readme.ts';

const root = join(import.meta.dirname, '..', '..', '..', '..');
const folder = process.argv[2] ?? join(root, '..', 'shared', 'datasets');
const threshold = 0.5;
if (hasData(folder)) {
	const readme = join(root, 'packages', 'detect', 'README.md');
	const text = readFileSync(readme, 'utf8');
	const [head, rest] = text.split(markers.begin);
	const [, tail] = (rest ?? '').split(markers.end);
	writeFileSync(readme, `${head}${markers.begin}\n\n${report()}\n${markers.end}${tail ?? '\n'}`);
	process.stdout.write('wrote packages/detect/README.md\n');
} else {
	process.stderr.write(`detect:report: error: no labelled data: expected detectors/*.jsonl in ${folder}\n`);
	process.exitCode = 2;
}

function report(): string {
	const cross = crossValidate(folder, injectionFold);
	const decidable = cross.injection.filter(isDecidable);
	const attacks = countBy(decidable, 1, threshold, ({ source }) => source);
	const beside = countBy(
		cross.injection.filter((one) => !decidable.includes(one)),
		1,
		threshold,
		({ source }) => source,
	);
	const benign = countBy(cross.injection, 0, threshold, ({ source }) => source);
	const unseen = leaveOneSourceOut(
		folder,
		['purplellama-pi', 'bipia-trigger', 'gptfuzzer', 'giskard-pi', 'garak-sysprompt', 'injecguard-valid'],
		threshold,
	);
	const hidden = countBy(cross.obfuscation, 1, threshold, ({ category }) => category);
	const known = knownInTheClear(folder);
	const stated = crossValidate(folder, statedFold);
	const plain = countBy(cross.obfuscation, 0, threshold, ({ category }) => category.split(':')[0]!);
	const secrets = applyRules(readRows(folder, 'secrets'), detectSecrets);
	const held = countBy(secrets, 1, threshold, ({ source }) => source);
	const clear = countBy(secrets, 0, threshold, ({ source }) => source);
	const ordinary = [...clear].filter(([source]) => source.startsWith('benign')).map(([, count]) => count);
	const leaving = applyRules(readRows(folder, 'exfiltration'), detectExfiltration);
	return [
		weightsLine(),
		'',
		'### Headline',
		'',
		table(
			['measure', 'found', 'rate (95 % interval)'],
			[
				['injection, recall', ...rate(total(attacks.values()))],
				['injection, false alarms', ...rate(total(benign.values()))],
				['injection, recall, folds by stated groups', ...rate(all(stated.injection.filter(isDecidable), 1))],
				['injection, false alarms then', ...rate(all(stated.injection, 0))],
				['injection, recall with the source left out of training', ...rate(total(unseen.values()))],
				['obfuscation, recall', ...rate(total(hidden.values()))],
				['obfuscation, false alarms', ...rate(total(plain.values()))],
				['obfuscation, recall, folds by stated groups', ...rate(all(stated.obfuscation, 1))],
				['obfuscation, false alarms then', ...rate(all(stated.obfuscation, 0))],
				['obfuscation, recall when the attack is known in the clear', ...rate(all(known, 1))],
				['obfuscation, false alarms then', ...rate(all(known, 0))],
				['secrets, recall', ...rate(total(held.values()))],
				['secrets, false alarms on ordinary documents, code, lock files, identifiers', ...rate(total(ordinary))],
				['secrets, false alarms with near misses made to provoke them', ...rate(total(clear.values()))],
				['exfiltration, recall (templates: a regression set)', ...rate(all(leaving, 1))],
				['exfiltration, false alarms', ...rate(all(leaving, 0))],
				['harmless prompts of XSTest and MITRE-FRR that any of these blocks', ...rate(all(cross.harmless, 0))],
			],
		),
		'',
		'### Injection by source',
		'',
		table(
			['attacks of', 'found', 'rate (95 % interval)', 'source left out'],
			[...attacks].map(([source, count]) => [source, ...rate(count), fraction(unseen.get(source))]),
		),
		'',
		'Beside the headline: labels nobody reviewed, and ordinary sentences in documents, which the text alone does not tell.',
		'',
		table(
			['attacks of', 'found', 'rate (95 % interval)'],
			[...beside].map(([source, count]) => [source, ...rate(count)]),
		),
		'',
		table(
			['harmless texts of', 'flagged', 'rate (95 % interval)'],
			[...benign].map(([source, count]) => [source, ...rate(count)]),
		),
		'',
		'### Obfuscation by transform',
		'',
		table(
			['hidden by', 'found', 'rate (95 % interval)'],
			[...hidden].map(([name, count]) => [name, ...rate(count)]),
		),
		'',
		table(
			['harmless', 'flagged', 'rate (95 % interval)'],
			[...plain].map(([name, count]) => [name, ...rate(count)]),
		),
		'',
		'### Secrets by source',
		'',
		table(
			['secrets of', 'found', 'rate (95 % interval)'],
			[...held].map(([name, count]) => [name, ...rate(count)]),
		),
		'',
		table(
			['harmless texts of', 'flagged', 'rate (95 % interval)'],
			[...clear].map(([name, count]) => [name, ...rate(count)]),
		),
		'',
		...piiReport(),
	].join('\n');
}

/** Ordinary sentences in documents are undecidable from the text alone, and some labels nobody reviewed. */
function isDecidable({ row }: Scored): boolean {
	return row.noisy !== true && row.category !== 'indirect_bare';
}
/** Found of all rows of one label. */
function all(scored: readonly Scored[], label: 0 | 1): Count {
	return total(countBy(scored, label, threshold, () => '').values());
}

function piiReport(): readonly string[] {
	const { spans, clean } = measurePii(folder);
	const rows = [...spans].map(([name, score]) => [name, ...quality(score), String(score.truth)]);
	const sum = [...spans.values()].reduce((a, b) => ({
		truth: a.truth + b.truth,
		covered: a.covered + b.covered,
		claimed: a.claimed + b.claimed,
		right: a.right + b.right,
	}));
	const texts = readRows(folder, 'pii');
	const fixtures = texts.filter(({ category }) => category.startsWith('rec:'));
	const found = (row: LabelledText, confidence: number): boolean =>
		(row.spans ?? []).every((span) =>
			detectPii(row.text, { confidence }).some((one) => one.start < span.end && one.end > span.start),
		);
	const fixture = (confidence: number): Count => ({
		found: fixtures.filter((row) => found(row, confidence)).length,
		of: fixtures.length,
	});
	const said = texts.filter(({ category }) => /^class(?:_neg)?:/.test(category));
	const flagged = applyRules(said, detectPii);
	const byClass = countBy(
		said.map((row) => ({
			row,
			score: detectPii(row.text).some((one) => one.class === row.category.split(':')[1]) ? 1 : 0,
		})),
		1,
		threshold,
		({ category }) => category.split(':')[1]!,
	);
	return [
		'### Personal data',
		'',
		table(
			['class', 'precision', 'recall', 'F1', 'spans'],
			[...rows, ['all eight', ...quality(sum), String(sum.truth)]],
		),
		'',
		table(
			['measure', 'found', 'rate (95 % interval)'],
			[
				['clean documents and questions flagged', ...rate(clean)],
				['bare identifiers of recogniser tests, confidence 0.5', ...rate(fixture(0.5))],
				['bare identifiers of recogniser tests, confidence 0.3', ...rate(fixture(0.3))],
				...[...byClass].map(([name, count]) => [`${name} (templates: a regression set)`, ...rate(count)]),
				['sentences that only sound like health, minors, credentials, biometrics', ...rate(all(flagged, 0))],
			],
		),
	];
}

function quality({
	truth,
	covered,
	claimed,
	right,
}: {
	readonly truth: number;
	readonly covered: number;
	readonly claimed: number;
	readonly right: number;
}): readonly string[] {
	const precision = claimed === 0 ? 0 : right / claimed;
	const recall = truth === 0 ? 0 : covered / truth;
	const f1 = precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall);
	return [precision, recall, f1].map((value) => value.toFixed(3));
}
function fraction(count: Count | undefined): string {
	return count === undefined ? '' : `${count.found}/${count.of}`;
}
/** Counts, then the share with its Wilson interval. */
function rate(count: Count): readonly string[] {
	const { found, of } = count;
	if (of === 0) return ['0/0', ''];
	const z = 1.96;
	const share = found / of;
	const middle = (share + (z * z) / (2 * of)) / (1 + (z * z) / of);
	const half = (z / (1 + (z * z) / of)) * Math.sqrt((share * (1 - share)) / of + (z * z) / (4 * of * of));
	return [
		fraction(count),
		`${share.toFixed(3)} (${Math.max(0, middle - half).toFixed(3)}–${Math.min(1, middle + half).toFixed(3)})`,
	];
}
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
	const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
	return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
