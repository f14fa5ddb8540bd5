import type { ConstraintSubject, ConstraintTarget, ConstraintTest, Diagnostic } from '@tappass/core';
import type { Place } from '../author/input.ts';
import type { Library } from '../author/library.ts';
import { nameHint } from '../author/nearest.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { namedTools } from '../catalog/named-tools.ts';
import { isRe2 } from '../rego/regex.ts';
import type { Contribution } from './contribution.ts';

/**
 * Names in a contribution that lead nowhere, wherever it was written: domain categories, capabilities, slots, tools of
 * constraints; and patterns that are no RE2. A deny of something misspelt would deny nothing.
 */
export function checkNames(contribution: Contribution, library: Library, catalog: Catalog): readonly Diagnostic[] {
	const found: Diagnostic[] = [];
	const say = (place: Place, message: string, hint?: string, severity?: 'warning'): void => {
		found.push({
			code: 'policy_invalid',
			...place,
			message,
			...(hint === undefined ? {} : { hint }),
			...(severity === undefined ? {} : { severity }),
		});
	};
	const known = (what: string, name: string, entries: ReadonlyMap<string, unknown>, place: Place): void => {
		if (entries.size > 0 && !entries.has(name))
			say(place, `there is no ${what} ${name}`, nameHint(name, entries.keys()));
	};
	for (const { value, place } of contribution.deny['network.deny_categories'] ?? [])
		known('domain category', value, library.domainCategories, place);
	for (const { value, place } of contribution.deny.forbidden_capabilities ?? [])
		known('capability', value, library.capabilities, place);
	const rule = (
		target: ConstraintTarget,
		subject: ConstraintSubject | undefined,
		test: ConstraintTest | undefined,
		place: Place,
	): void => {
		if ('capability' in target) known('capability', target.capability, library.capabilities, place);
		else
			for (const pattern of target.tools)
				if (catalog.names.length > 0 && namedTools(pattern, catalog).length === 0)
					say(place, `no tool of the catalog is named by ${pattern}`, nameHint(pattern, catalog.names), 'warning');
		if (subject !== undefined && 'slot' in subject) {
			const slots = slotsOf(library, catalog);
			if (slots.size > 0 && !slots.has(subject.slot))
				say(place, `no tool and no capability has a slot ${subject.slot}`, nameHint(subject.slot, slots));
		}
		if (test !== undefined && (test.op === 'matches' || test.op === 'not_matches') && !isRe2(test.value))
			say(
				place,
				`${JSON.stringify(test.value)} is not a valid RE2 pattern`,
				'look-around and back-references are not RE2',
			);
	};
	for (const { value, place } of contribution.constraints) rule(value.target, value.subject, value.test, place);
	for (const { value, place } of contribution.approvals)
		rule(value.target, value.when?.subject, value.when?.test, place);
	return found;
}

const slots = new WeakMap<Catalog, ReadonlySet<string>>();
function slotsOf(library: Library, catalog: Catalog): ReadonlySet<string> {
	let found = slots.get(catalog);
	if (found === undefined) {
		found = new Set([
			...[...library.capabilities.values()].flatMap(({ value }) => value.slots ?? []),
			...[...catalog.tools.values()].flatMap(({ facts }) => Object.keys(facts.slots)),
		]);
		slots.set(catalog, found);
	}
	return found;
}
