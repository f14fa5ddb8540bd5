import type { SeenEntry } from '@tappass/audit';
import type { Coverage, Library } from '@tappass/policy';
import type { Framework } from './frameworks.ts';

/** What was in force, as a pack has it. */
export interface InForce {
	/** Hash that names it in the pack. */
	readonly sha256: string;
	/** Every rule in force, written as clauses name it: `step:detect_pii`, `concern:data_leak`, `tag:SOC2:CC6.1`. */
	readonly rules: ReadonlySet<string>;
	/** Rego files that trails lead to. */
	readonly files: readonly string[];
}

/** One rule of a clause, and what in the pack shows it. */
export interface RuleEvidence {
	readonly rule: string;
	/** Compiled policies in which it was in force: files of `policy/compiled/`. */
	readonly compiled: readonly string[];
	/** Entries of the period in which this step decided: how many, and the first index; null: none. */
	readonly entries: { readonly count: number; readonly first: number } | null;
}

/** One clause of a framework. */
export interface ClauseEvidence {
	readonly clause: string;
	readonly title: string;
	/** What software can do about it at all, by the Pack; of a tag alone never more than a part. */
	readonly covered: Coverage;
	/** Whether a rule of it was in force, or left entries, in the period. */
	readonly seen: boolean;
	readonly rules: readonly RuleEvidence[];
	/** What an auditor can look at, in words. */
	readonly evidence: readonly string[];
	readonly note: string | null;
}

/** Clause → rule → evidence. */
export interface ClauseTable {
	readonly schema: 'tappass.evidence-clauses/1';
	readonly framework: string;
	readonly title: string;
	readonly source: string;
	readonly clauses: readonly ClauseEvidence[];
	readonly not_covered: readonly { readonly clause: string; readonly reason: string }[];
}

/** The clauses of a framework with what the pack shows of each: from its Pack, or from the tags when it has none. */
export function clauseTable(
	framework: Framework,
	library: Library,
	inForce: readonly InForce[],
	entries: readonly SeenEntry[],
): ClauseTable {
	const evidenceOf = (rule: string): RuleEvidence => ruleEvidence(rule, { pack: framework.pack, inForce, entries });
	const pack = framework.pack === null ? undefined : library.packs.get(framework.pack)?.document.value;
	const table = { schema: 'tappass.evidence-clauses/1', framework: framework.id } as const;
	if (pack === undefined) {
		const clauses = tagClauses(framework, library, inForce, evidenceOf);
		const reason =
			`There is no Pack for ${framework.title}. Only criteria that a rule is tagged with are listed (${clauses.length}); ` +
			'every other criterion is not covered by this pack.';
		return {
			...table,
			title: framework.title,
			source: `tags ${framework.prefix}:…`,
			clauses,
			not_covered: [{ clause: 'all others', reason }],
		};
	}
	const clauses = pack.clauses.map(({ clause, title, rules, evidence, covered, note }) => {
		const shown = rules.map(evidenceOf);
		return { clause, title, covered, seen: isSeen(shown), rules: shown, evidence, note: note ?? null };
	});
	const source = `Pack ${pack.id}@${pack.version}: ${pack.regulation.name}, ${pack.regulation.edition}`;
	return { ...table, title: pack.title, source, clauses, not_covered: pack.not_covered };
}

// A criterion is there when something is tagged with it: a concern that ships, or a policy that was in force.
function tagClauses(
	{ prefix }: Framework,
	library: Library,
	inForce: readonly InForce[],
	evidenceOf: (rule: string) => RuleEvidence,
): readonly ClauseEvidence[] {
	const rules = new Map<string, Set<string>>();
	const add = (tag: string, rule: string): void => {
		if (!tag.startsWith(`${prefix}:`)) return;
		rules.set(tag, (rules.get(tag) ?? new Set()).add(rule));
	};
	for (const [id, concern] of library.concerns)
		for (const tag of concern.value.compliance_tags ?? []) add(tag, `concern:${id}`);
	for (const { rules: held } of inForce)
		for (const rule of held) if (rule.startsWith('tag:')) add(rule.slice('tag:'.length), rule);
	return [...rules]
		.sort(([a], [b]) => (a < b ? -1 : 1))
		.map(([tag, names]) => {
			const shown = [...names].sort().map(evidenceOf);
			return {
				clause: tag.slice(prefix.length + 1),
				title: tag,
				covered: 'partial',
				seen: isSeen(shown),
				rules: shown,
				evidence: ['Compiled policies and Because trails that carry the tag'],
				note: 'A tag says that a rule serves the criterion, not that it meets all of it.',
			};
		});
}

function isSeen(rules: readonly RuleEvidence[]): boolean {
	return rules.some(({ compiled, entries }) => compiled.length > 0 || entries !== null);
}

interface Shown {
	readonly pack: string | null;
	readonly inForce: readonly InForce[];
	readonly entries: readonly SeenEntry[];
}

function ruleEvidence(rule: string, { pack, inForce, entries }: Shown): RuleEvidence {
	const decided = rule.startsWith('step:') ? entries.filter(({ leaf }) => `step:${leaf.step}` === rule) : [];
	return {
		rule,
		compiled: inForce.filter((each) => holds(each, rule, pack)).map(({ sha256 }) => sha256),
		entries: decided.length === 0 ? null : { count: decided.length, first: decided[0]!.index },
	};
}

// A Pack names its files from its own folder; trails name them from where they ship.
function holds({ rules, files }: InForce, rule: string, pack: string | null): boolean {
	if (!rule.startsWith('rego:')) return rules.has(rule);
	return files.some((file) => `/${file}`.endsWith(`/${pack}/${rule.slice('rego:'.length)}`));
}

/** The table for people. */
export function clausePage({ title, source, clauses, not_covered }: ClauseTable): string {
	const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
	const shownBy = ({ rule, compiled, entries }: RuleEvidence): string =>
		`\`${rule}\` (${compiled.length} policies${entries === null ? '' : `, ${entries.count} entries from index ${entries.first}`})`;
	return [
		`# ${title}: clause, rule, evidence`,
		'',
		`From ${source}. "Covered" is what software can do about a clause at all; "seen" says whether a rule of it was in force or`,
		'left entries in the period. Neither says that the organisation complies. The files are in `policy/compiled/`, the rules',
		'and hashes in `clauses.json`, entries by index in `entries.jsonl`.',
		'',
		'| Clause | Title | Covered | Seen | Rules and what shows them | Evidence | What is left |',
		'| --- | --- | --- | --- | --- | --- | --- |',
		...clauses.map(({ clause, title: what, covered, seen, rules, evidence, note }) => {
			const cells = [clause, what, covered, seen ? 'yes' : 'no', rules.map(shownBy).join('; ') || '-'];
			return `| ${[...cells, evidence.join('; '), note ?? ''].map(cell).join(' | ')} |`;
		}),
		'',
		'## Not covered',
		'',
		...not_covered.map(({ clause, reason }) => `- ${clause}: ${reason}`),
		'- Evaluation reports: not yet part of a pack.',
		'',
	].join('\n');
}
