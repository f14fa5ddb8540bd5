/** What the detectors find and miss on labelled data: learnt models by cross-validation, rules as they are. */
import type { Detection } from '../detection.ts';
import { detectExfiltration } from '../exfiltration/detect-exfiltration.ts';
import { scoreViews } from '../injection/detect-injection.ts';
import type { LinearModel } from '../injection/model.ts';
import { normalize } from '../normalize/normalize.ts';
import { judge } from '../obfuscation/detect-obfuscation.ts';
import { detectPii } from '../pii/detect-pii.ts';
import { detectSecrets } from '../secrets/detect-secrets.ts';
import { type LabelledText, readRows } from './data.ts';
import { folds, injectionData, peopleData, statedFold } from './folds.ts';
import { trainInjection } from './injection.ts';
import { trainPeople } from './people.ts';

/** Found of all, for one kind of row. */
export interface Count {
	readonly found: number;
	readonly of: number;
}
export interface Scored {
	readonly row: LabelledText;
	readonly score: number;
}

/** Rows with the score that models gave which had not seen them, nor their group. */
export interface CrossValidated {
	readonly injection: readonly Scored[];
	readonly obfuscation: readonly Scored[];
	readonly harmless: readonly Scored[];
}

/** @param foldOfRow which rows stay together: `injectionFold`, or `statedFold` to compare with figures taken so */
export function crossValidate(folder: string, foldOfRow: (row: LabelledText) => number): CrossValidated {
	const data = injectionData(folder);
	const injection = readRows(folder, 'injection');
	const obfuscation = readRows(folder, 'obfuscation');
	const harmless = readRows(folder, 'overrefusal').filter(({ label }) => label === 0);
	const scored = { injection: [] as Scored[], obfuscation: [] as Scored[], harmless: [] as Scored[] };
	for (let fold = 0; fold < folds; fold += 1) {
		const model = trainInjection(data.filter((row) => foldOfRow(row) !== fold));
		const held = (rows: readonly LabelledText[]): readonly LabelledText[] =>
			rows.filter((row) => foldOfRow(row) === fold);
		for (const row of held(injection)) scored.injection.push({ row, score: scoreViews(normalize(row.text), model) });
		for (const row of held(obfuscation)) scored.obfuscation.push({ row, score: obfuscationScore(row, model) });
		for (const row of held(harmless))
			scored.harmless.push({
				row,
				score: Math.max(scoreViews(normalize(row.text), model), obfuscationScore(row, model), ruleScore(row)),
			});
	}
	return scored;
}
function obfuscationScore({ text }: LabelledText, model: LinearModel): number {
	return Math.max(0, ...judge(normalize(text), model).map(({ confidence }) => confidence));
}
function ruleScore({ text }: LabelledText): number {
	return detectSecrets(text).length + detectExfiltration(text).length > 0 ? 1 : 0;
}

/** Obfuscated rows by a model that knows the attacks in the clear and has seen none of them encoded. */
export function knownInTheClear(folder: string): readonly Scored[] {
	const model = trainInjection(
		injectionData(folder).filter(
			({ source, category }) => !source.startsWith('derived:') && !category.startsWith('encoded_benign'),
		),
	);
	return readRows(folder, 'obfuscation').map((row) => ({ row, score: obfuscationScore(row, model) }));
}

/** Recall on each source of attacks by a model that has seen nothing of it, in the clear or encoded. */
export function leaveOneSourceOut(
	folder: string,
	sources: readonly string[],
	threshold: number,
): ReadonlyMap<string, Count> {
	const data = injectionData(folder);
	return new Map(
		sources.map((source) => {
			const of = (row: LabelledText): boolean => row.source === source || row.source === `${source}-ml`;
			const texts = new Set(data.filter(of).map(({ text }) => text));
			const model = trainInjection(
				data.filter((row) => !of(row) && !(row.plain !== undefined && texts.has(row.plain))),
			);
			const rows = data.filter((row) => row.source === source);
			const found = rows.filter(({ text }) => scoreViews(normalize(text), model) >= threshold).length;
			return [source, { found, of: rows.length }];
		}),
	);
}

/** Found of all by `key`, among rows of one label. */
export function countBy(
	scored: readonly Scored[],
	label: 0 | 1,
	threshold: number,
	key: (row: LabelledText) => string,
): ReadonlyMap<string, Count> {
	const groups = Map.groupBy(
		scored.filter(({ row }) => row.label === label),
		({ row }) => key(row),
	);
	return new Map(
		[...groups]
			.sort(([a], [b]) => (a < b ? -1 : 1))
			.map(([name, rows]) => [name, { found: rows.filter(({ score }) => score >= threshold).length, of: rows.length }]),
	);
}
export function total(counts: Iterable<Count>): Count {
	let found = 0;
	let of = 0;
	for (const count of counts) {
		found += count.found;
		of += count.of;
	}
	return { found, of };
}

/** Rows with 1 where a detector that learns nothing found something. */
export function applyRules(
	rows: readonly LabelledText[],
	detect: (text: string) => readonly Detection[],
): readonly Scored[] {
	return rows.map((row) => ({ row, score: detect(row.text).length > 0 ? 1 : 0 }));
}

export interface SpanScore {
	readonly truth: number;
	readonly covered: number;
	readonly claimed: number;
	readonly right: number;
}
/** Classes of the data to ours. */
export const spanClasses: Readonly<Record<string, string>> = {
	name: 'person_name',
	email: 'email',
	phone: 'phone',
	address: 'street_address',
	payment_card: 'credit_card',
	bank_account: 'iban',
	government_id: 'national_id',
	ip_address: 'ip_address',
};

export interface PiiMeasure {
	readonly spans: ReadonlyMap<string, SpanScore>;
	readonly clean: Count;
}

/**
 * Spans of personal data, by models that have not seen the template. A true span is found when half of it is covered by
 * spans of its class; a claimed one is right when half of it is truly of its class. What the data labels `other:*` is left out.
 */
export function measurePii(folder: string): PiiMeasure {
	const rows = peopleData(folder);
	const scores = new Map(
		Object.values(spanClasses).map((name) => [name, { truth: 0, covered: 0, claimed: 0, right: 0 }]),
	);
	let flagged = 0;
	let clean = 0;
	for (let fold = 0; fold < folds; fold += 1) {
		const model = trainPeople(rows.filter((row) => statedFold(row) !== fold));
		for (const row of rows.filter((one) => statedFold(one) === fold)) {
			const found = detectPii(row.text, { tagger: model });
			if (row.category.startsWith('clean')) {
				clean += 1;
				if (found.length > 0) flagged += 1;
			} else scoreSpans(row, found, scores);
		}
	}
	return { spans: scores, clean: { found: flagged, of: clean } };
}

function scoreSpans(
	row: LabelledText,
	found: readonly Detection[],
	scores: Map<string, { truth: number; covered: number; claimed: number; right: number }>,
): void {
	const spans = row.spans ?? [];
	const ignored = spans.filter((span) => span.class.startsWith('other:'));
	for (const [theirs, ours] of Object.entries(spanClasses)) {
		const score = scores.get(ours)!;
		const truth = spans.filter((span) => span.class === theirs);
		const claimed = found.filter((one) => one.class === ours);
		score.truth += truth.length;
		score.covered += truth.filter((span) => share(span, claimed) >= 0.5).length;
		for (const one of claimed) {
			const right = share(one, truth) >= 0.5;
			if (!right && share(one, ignored) >= 0.5 && ours === 'street_address') continue;
			score.claimed += 1;
			if (right) score.right += 1;
		}
	}
}
interface Span {
	readonly start: number;
	readonly end: number;
}
function share(span: Span, by: readonly Span[]): number {
	const covered = by.reduce(
		(sum, one) => sum + Math.max(0, Math.min(span.end, one.end) - Math.max(span.start, one.start)),
		0,
	);
	return covered / (span.end - span.start);
}
