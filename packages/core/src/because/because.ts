/** One link of a Because trail, from the value outward to the person. */
export type Because =
	| {
			readonly kind: 'rule';
			readonly rule: string;
			readonly file: string;
			readonly row: number;
			readonly title?: string;
	  }
	| {
			readonly kind: 'constraint' | 'capability' | 'concern' | 'category' | 'function' | 'overlay' | 'catalog';
			readonly id: string;
			readonly file?: string;
			readonly row?: number;
			readonly note?: string;
	  }
	| {
			readonly kind: 'pack';
			readonly id: string;
			readonly version: string;
			readonly clause?: string;
			readonly note?: string;
	  }
	| { readonly kind: 'floor'; readonly level: 'org' | 'project' | 'agent'; readonly name: string }
	| { readonly kind: 'default'; readonly note: string }
	| { readonly kind: 'operator'; readonly who: string; readonly at: string; readonly via?: string };

/** Why one effective value is what it is: every chain that leads to it, the one that decided first. */
export interface BecauseTrail {
	/** JSON pointer into the Compiled Policy or effective pipeline; entries of lists by value. */
	readonly path: string;
	/** The value, as text for people: `detect_pii (block)`. */
	readonly value: string;
	readonly chains: readonly (readonly Because[])[];
}

const nouns = {
	constraint: 'Constraint',
	capability: 'Capability',
	concern: 'Concern',
	category: 'Category',
	function: 'Function',
	overlay: 'Overlay',
	catalog: 'Catalog',
} as const;
const floors = { org: 'Org floor', project: 'Project floor', agent: 'Agent override' } as const;

/** One link as a line of text, without its arrow. */
export function printBecause(link: Because): string {
	switch (link.kind) {
		case 'rule':
			return `Rule: ${link.rule}${link.title === undefined ? '' : ` “${link.title}”`} at ${link.file}:${link.row}`;
		case 'pack':
			return `Compliance pack: ${link.id}@${link.version}${link.clause === undefined ? '' : ` (${link.clause})`}${note(link.note)}`;
		case 'floor':
			return link.level === 'agent'
				? `${floors.agent}: ✓ set in "${link.name}"`
				: `${floors[link.level]}: ✓ inherited from "${link.name}"`;
		case 'default':
			return `Default: ${link.note}`;
		case 'operator':
			return `Set up by: ${link.who} on ${link.at}${link.via === undefined ? '' : ` (${link.via})`}`;
		default:
			return `${nouns[link.kind]}: ${link.id}${link.file === undefined ? '' : ` at ${link.file}:${link.row ?? 1}`}${note(link.note)}`;
	}
}

function note(text: string | undefined): string {
	return text === undefined ? '' : ` ✓ ${text}`;
}

/** The trail as people read it: the value, then each link once, the person last and flush left. */
export function printTrail(trail: BecauseTrail): string {
	const lines = new Set<string>();
	const people = new Set<string>();
	for (const link of trail.chains.flat()) {
		if (link.kind === 'operator' || link.kind === 'function') people.add(printBecause(link));
		else lines.add(`  ⤷ ${printBecause(link)}`);
	}
	return [trail.value, ...lines, ...[...people].sort()].join('\n');
}
