import { type Approval, approvalSchema, type Constraint, constraintSchema, parseJson } from '@tappass/core';
import { count } from '../diagnostics.ts';

type Rule = Approval | Constraint;

/**
 * A value of a change in as many words as a line has room for: of an approval or a constraint its id and what it asks for, of
 * anything else its beginning. A rule is never cut in its middle, where what is left could be read as all of it.
 */
export function valueGist(value: string, charactersMax: number): string {
	const rule = ruleOf(value);
	if (rule === undefined) return cut(value, charactersMax);
	if ('approvers' in rule)
		return `${rule.id}: ${count(rule.approvers, 'approver')} within ${rule.expires_minutes} min for ${rule.when === undefined ? '' : 'some calls of '}${targetGist(rule)}`;
	return `${rule.id}: ${rule.action} for ${targetGist(rule)}${rule.message === undefined ? '' : `: ${cut(rule.message, charactersMax)}`}`;
}

/** Both sides of a rule that became another, as the fields that differ; undefined when either is no rule. */
export function changedRuleGist(
	before: string,
	after: string,
): { readonly before: string; readonly after: string } | undefined {
	const [a, b] = [ruleOf(before), ruleOf(after)];
	if (a === undefined || b === undefined) return undefined;
	const fields = [...new Set([...Object.keys(a), ...Object.keys(b)])].sort();
	const differing = fields.filter((name) => JSON.stringify(field(a, name)) !== JSON.stringify(field(b, name)));
	const of = (rule: Rule, word: string): string =>
		differing
			.map((name) => {
				const value = field(rule, name);
				if (value === undefined) return `no ${name}`;
				return typeof value === 'object' ? `${word}${name}` : `${name} ${value}`;
			})
			.join(', ');
	return { before: of(a, ''), after: of(b, 'another ') };
}

function field(rule: Rule, name: string): unknown {
	return (rule as unknown as Readonly<Record<string, unknown>>)[name];
}

function ruleOf(value: string): Rule | undefined {
	if (!value.startsWith('{')) return undefined;
	let json: unknown;
	try {
		json = parseJson(Buffer.from(value));
	} catch {
		// No rule then: it is shown as the text it is.
		return undefined;
	}
	return approvalSchema.safeParse(json).data ?? constraintSchema.safeParse(json).data;
}

function targetGist({ target }: Rule): string {
	if ('capability' in target) return `tools with ${target.capability}`;
	const [first, ...rest] = target.tools;
	return `${first}${rest.length === 0 ? '' : ` and ${rest.length} more`}`;
}

function cut(text: string, charactersMax: number): string {
	const characters = [...text];
	return characters.length <= charactersMax ? text : `${characters.slice(0, charactersMax - 1).join('')}…`;
}
