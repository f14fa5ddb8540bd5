/** The tree of packages and rules below `data`, and the conflicts it shows. */
import type { Location, Module } from '../ast/ast.ts';
import type { Diagnostic } from '../errors.ts';
import { keyOf, print, type Value } from '../value/index.ts';
import type { GroupKind, LRule, RuleGroup, RuleNode } from './lowered.ts';

function makeNode(key: Value, parent: RuleNode | undefined): RuleNode {
	return { key, parent, children: new Map(), group: undefined, function: undefined, package: false };
}

/** The node at `path` below `node`, or undefined. */
export function findNode(node: RuleNode, path: readonly Value[]): RuleNode | undefined {
	let at: RuleNode | undefined = node;
	for (const key of path) at = at?.children.get(keyOf(key));
	return at;
}

function ensureNode(root: RuleNode, path: readonly Value[]): RuleNode {
	let at = root;
	for (const key of path) {
		let child = at.children.get(keyOf(key));
		if (child === undefined) {
			child = makeNode(key, at);
			at.children.set(keyOf(key), child);
		}
		at = child;
	}
	return at;
}

/** Constants at the start of a rule's reference. */
export function groundPrefix(rule: LRule): readonly Value[] {
	const prefix: Value[] = [];
	for (const part of rule.path) {
		if (part.kind !== 'const') break;
		prefix.push(part.value);
	}
	return prefix;
}

function isGround(rule: LRule): boolean {
	return rule.path.every((part) => part.kind === 'const');
}

/** `data.a.b[x]`, as OPA prints references. */
export function printPath(path: readonly Value[], tail: readonly string[] = []): string {
	let text = 'data';
	for (const key of path) {
		text += typeof key === 'string' && /^[A-Za-z_][A-Za-z0-9_]*$/.test(key) ? `.${key}` : `[${print(key)}]`;
	}
	for (const name of tail) text += `[${name}]`;
	return text;
}

function ruleName(rule: LRule): string {
	let text = 'data';
	for (const part of rule.path) {
		if (part.kind === 'var') text += `[${part.local.name}]`;
		else if (typeof part.value === 'string' && /^[A-Za-z_][A-Za-z0-9_]*$/.test(part.value)) text += `.${part.value}`;
		else text += `[${print(part.value)}]`;
	}
	return text;
}

/** Builds the tree and its groups; conflicts between rules go to `errors`. */
export function buildTree(
	modules: readonly Module[],
	rules: readonly LRule[],
	errors: Diagnostic[],
): { root: RuleNode; groups: RuleGroup[] } {
	const root = makeNode('data', undefined);
	const packages = new Map<RuleNode, Module[]>();
	for (const module of modules) {
		const node = ensureNode(root, packagePath(module));
		node.package = true;
		packages.set(node, [...(packages.get(node) ?? []), module]);
	}
	const byNode = new Map<RuleNode, LRule[]>();
	for (const rule of rules) {
		const node = ensureNode(root, groundPrefix(rule));
		const held = byNode.get(node);
		if (held === undefined) byNode.set(node, [rule]);
		else held.push(rule);
	}
	for (const [node, held] of byNode) checkNode(node, held, byNode, errors);
	checkPackages(packages, rules, root, errors);
	const groups: RuleGroup[] = [];
	collectGroups(root, [], byNode, groups);
	return { root, groups };
}

/** `['a', 'b']` of `package a.b`. */
export function packagePath(module: Module): string[] {
	return module.package.path.terms.slice(1).map((term) => (term.kind === 'string' ? term.value : ''));
}

function checkNode(
	node: RuleNode,
	held: readonly LRule[],
	byNode: ReadonlyMap<RuleNode, readonly LRule[]>,
	errors: Diagnostic[],
): void {
	const first = held[0]!;
	const name = ruleName(held[held.length - 1]!);
	const kinds = new Set(held.map((rule) => rule.member !== undefined));
	const arities = new Set(held.map((rule) => rule.args?.length ?? 0));
	const complete = held.filter((rule) => rule.member === undefined && isGround(rule)).length;
	const defaults = held.filter((rule) => rule.default);
	const error = (loc: Location, message: string) => errors.push({ code: 'rego_type_error', message, loc });
	if (held.some(isGround)) {
		const below: string[] = [];
		for (const child of node.children.values()) namesBelow(child, byNode, below);
		if (below.length > 0) {
			error(first.loc, `rule ${name} conflicts with [${below.join(' ')}]`);
			return;
		}
	}
	if (
		kinds.size > 1 ||
		arities.size > 1 ||
		(complete > 0 && complete < held.length && held.some((r) => !isGround(r)))
	) {
		error(first.loc, `conflicting rules ${name} found`);
	} else if (defaults.length > 1) {
		const places = defaults.map((rule) => `${rule.loc.file}:${rule.loc.row}`).join(', ');
		error(defaults[0]!.module.package.loc, `multiple default rules ${name} found at ${places}`);
	}
}

function namesBelow(node: RuleNode, byNode: ReadonlyMap<RuleNode, readonly LRule[]>, into: string[]): void {
	for (const rule of byNode.get(node) ?? []) {
		const name = ruleName(rule);
		if (!into.includes(name)) into.push(name);
	}
	for (const child of node.children.values()) namesBelow(child, byNode, into);
}

function checkPackages(
	packages: ReadonlyMap<RuleNode, readonly Module[]>,
	rules: readonly LRule[],
	root: RuleNode,
	errors: Diagnostic[],
): void {
	for (const rule of rules) {
		if (!isGround(rule)) continue;
		const node = findNode(root, groundPrefix(rule))!;
		for (const module of packages.get(node) ?? []) {
			if (module === rule.module) continue;
			const name = printPath(packagePath(module)).slice('data.'.length);
			const at = `${rule.loc.file}:${rule.loc.row}`;
			errors.push({
				code: 'rego_type_error',
				message: `package ${name} conflicts with rule ${rule.path.length > 0 ? localName(rule) : ''} defined at ${at}`,
				loc: rule.module.package.loc,
			});
		}
	}
}

/** The reference as written in the rule's head. */
function localName(rule: LRule): string {
	return ruleName(rule).slice(printPath(packagePath(rule.module)).length + 1);
}

function collectGroups(
	node: RuleNode,
	path: readonly Value[],
	byNode: ReadonlyMap<RuleNode, readonly LRule[]>,
	groups: RuleGroup[],
): void {
	const held = byNode.get(node) ?? [];
	const functions = held.filter((rule) => rule.args !== undefined);
	if (functions.length > 0) node.function = makeGroup('function', node, path, functions, groups);
	const documents = held.filter((rule) => rule.args === undefined);
	if (documents.some((rule) => !isGround(rule))) {
		// A reference with variables may reach into what lies below: all of it is one document.
		const all = [...documents];
		for (const child of node.children.values()) absorb(child, byNode, all, groups, [...path, child.key]);
		all.sort((a, b) => a.id - b.id);
		node.group = makeGroup('object', node, path, all, groups);
		return;
	}
	if (documents.length > 0) {
		node.group = makeGroup(documents[0]!.member === undefined ? 'complete' : 'set', node, path, documents, groups);
	}
	for (const child of node.children.values()) collectGroups(child, [...path, child.key], byNode, groups);
}

function absorb(
	node: RuleNode,
	byNode: ReadonlyMap<RuleNode, readonly LRule[]>,
	into: LRule[],
	groups: RuleGroup[],
	path: readonly Value[],
): void {
	const held = byNode.get(node) ?? [];
	const functions = held.filter((rule) => rule.args !== undefined);
	if (functions.length > 0) node.function = makeGroup('function', node, path, functions, groups);
	into.push(...held.filter((rule) => rule.args === undefined));
	for (const child of node.children.values()) absorb(child, byNode, into, groups, [...path, child.key]);
}

function makeGroup(
	kind: GroupKind,
	node: RuleNode,
	path: readonly Value[],
	rules: readonly LRule[],
	groups: RuleGroup[],
): RuleGroup {
	const group: RuleGroup = {
		id: groups.length,
		path,
		name: printPath(path),
		kind,
		rules: rules.filter((rule) => !rule.default),
		defaults: rules.filter((rule) => rule.default),
		tailMax: Math.max(...rules.map((rule) => rule.path.length)) - path.length,
		node,
	};
	groups.push(group);
	return group;
}
