import type { Location, Rule } from '../ast/ast.ts';
import { isKeyword } from '../ast/names.ts';
import { headText, refText } from '../ast/text.ts';

/** A rule written in a way that Rego v1 refuses. */
export interface Complaint {
	readonly message: string;
	readonly loc: Location;
	readonly hint: string;
}

/** What Rego v1 asks of a rule and its `else` branches beyond their syntax: `if`, `contains`, a value or a body. */
export function checkRule(rule: Rule, source: string): Complaint[] {
	const complaints: Complaint[] = [];
	for (let branch: Rule | undefined = rule; branch !== undefined; branch = branch.else) {
		complaints.push(...checkBranch(branch, branch !== rule, source));
	}
	return complaints;
}

function checkBranch(rule: Rule, isElse: boolean, source: string): Complaint[] {
	const { head, loc } = rule;
	const kind = head.args === undefined ? 'rule' : 'function';
	const partialSet = isPartialSet(rule);
	const complaints: Complaint[] = [];
	const first = head.ref[0]!;
	if (!isElse && head.ref.length < 2 && first.kind === 'var' && isKeyword(first.name)) {
		const message = `${first.name} keyword cannot be used for rule name`;
		complaints.push({ message, loc, hint: 'choose another name' });
	}
	if (!isElse && rule.body.length === 0 && !rule.default && isBare(rule) && !partialSet) {
		const message = `${kind} must have value assignment and/or body declaration`;
		complaints.push({ message, loc, hint: `write \`${refText(head.ref)} := true\`` });
	}
	if (rule.body.length > 0 && !rule.hasIf) {
		const written = isElse ? 'else' : source.slice(head.loc.offset, head.loc.end).split('\n', 1)[0]!;
		const hint = `write \`${rule.chained ? headText(head) : written} if { … }\``;
		complaints.push({ message: `\`if\` keyword is required before ${kind} body`, loc, hint });
	}
	if (partialSet) {
		const key = head.ref[1]!;
		const name = refText(head.ref.slice(0, 1));
		const hint = `write \`${name} contains ${source.slice(key.loc.offset, key.loc.end)}\``;
		complaints.push({ message: '`contains` keyword is required for partial set rules', loc, hint });
	}
	return complaints;
}

/** `p[x]` or `p.x` with neither a value nor `if`: a partial set in the old syntax. */
function isPartialSet({ head, hasIf }: Rule): boolean {
	return (
		head.ref.length === 2 &&
		!hasIf &&
		head.value === undefined &&
		head.contains === undefined &&
		head.args === undefined
	);
}

/** No value, no `contains`; parameters alone make a function that is always true. */
function isBare({ head }: Rule): boolean {
	return head.value === undefined && head.contains === undefined && head.args === undefined;
}
