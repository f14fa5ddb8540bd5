/** Which rules use which, and the refusal of rules that use themselves. */
import type { Diagnostic } from '../errors.ts';
import { keyOf } from '../value/index.ts';
import type { Callee, LBody, LExpr, LRule, LTerm, RuleGroup, RuleNode } from './lowered.ts';
import { closuresOf } from './safety.ts';
import { findNode } from './tree.ts';

/** Groups that a reference below `data` may evaluate, given its operands as far as they are constants. */
export function groupsBelow(root: RuleNode, path: readonly LTerm[], into: Set<RuleGroup>): void {
	const visit = (node: RuleNode, i: number): void => {
		if (node.group !== undefined) {
			into.add(node.group);
			return;
		}
		if (i === path.length) {
			for (const child of node.children.values()) visit(child, i);
			return;
		}
		const operand = path[i]!;
		if (operand.kind === 'const') {
			const child = node.children.get(keyOf(operand.value));
			if (child !== undefined) visit(child, i + 1);
			return;
		}
		for (const child of node.children.values()) visit(child, i + 1);
	};
	visit(root, 0);
}

/** Groups that a body uses, by reference or by call. */
export function groupsUsed(body: LBody, root: RuleNode, into: Set<RuleGroup>): void {
	const visitTerm = (term: LTerm): void => {
		switch (term.kind) {
			case 'ref':
				if (term.head === 'data') groupsBelow(root, term.path, into);
				for (const operand of term.path) visitTerm(operand);
				break;
			case 'array':
			case 'set':
				for (const item of term.items) visitTerm(item);
				break;
			case 'object':
				for (const [key, value] of term.entries) {
					visitTerm(key);
					visitTerm(value);
				}
				break;
			case 'comprehension':
				if (term.key !== undefined) visitTerm(term.key);
				visitTerm(term.term);
				break;
			default:
				break;
		}
	};
	const visitCallee = (callee: Callee): void => {
		if (callee.kind !== 'function') return;
		if (callee.group !== undefined) into.add(callee.group);
		else {
			const node = findNode(root, callee.path);
			if (node?.function !== undefined) into.add(node.function);
			if (node?.group !== undefined) into.add(node.group);
		}
	};
	const visitExpr = (expr: LExpr): void => {
		for (const { target, value } of expr.with) {
			if (target.kind !== 'function') for (const operand of target.path) visitTerm(operand);
			if (value.kind === 'builtin' || value.kind === 'function') visitCallee(value);
			else visitTerm(value);
		}
		switch (expr.kind) {
			case 'term':
				visitTerm(expr.term);
				break;
			case 'unify':
				visitTerm(expr.left);
				visitTerm(expr.right);
				break;
			case 'call':
				visitCallee(expr.callee);
				for (const arg of expr.args) visitTerm(arg);
				if (expr.output !== undefined) visitTerm(expr.output);
				break;
			case 'not':
				if (!expr.closure) for (const inner of expr.body.exprs) visitExpr(inner);
				break;
			case 'every':
				visitTerm(expr.domain);
				break;
		}
		for (const closure of closuresOf(expr)) {
			if (closure.kind === 'comprehension') {
				visitTerm(closure.term);
				if (closure.key !== undefined) visitTerm(closure.key);
			}
			groupsUsed(closure.body, root, into);
		}
	};
	for (const expr of body.exprs) visitExpr(expr);
}

/** Groups that a rule with its `else` branches uses. */
export function dependenciesOf(rule: LRule, root: RuleNode): Set<RuleGroup> {
	const used = new Set<RuleGroup>();
	for (let at: LRule | undefined = rule; at !== undefined; at = at.else) groupsUsed(at.body, root, used);
	return used;
}

/** Reports every group on a cycle, with the shortest way round. */
export function checkRecursion(groups: readonly RuleGroup[], root: RuleNode): Diagnostic[] {
	const edges = new Map<RuleGroup, ReadonlySet<RuleGroup>>();
	for (const group of groups) {
		const used = new Set<RuleGroup>();
		for (const rule of [...group.rules, ...group.defaults]) {
			for (const other of dependenciesOf(rule, root)) used.add(other);
		}
		edges.set(group, used);
	}
	const errors: Diagnostic[] = [];
	const cyclic = betweenCycles(edges);
	let reported = 0;
	for (const group of groups) {
		if (!cyclic.has(group) || reported === recursionsReportedMax) continue;
		const cycle = shortestCycle(group, edges);
		if (cycle === undefined) continue;
		reported++;
		const way = cycle.map((step) => step.name).join(' -> ');
		for (const rule of group.rules) {
			if (cycle[1] !== undefined && !dependenciesOf(rule, root).has(cycle[1])) continue;
			errors.push({
				code: 'rego_recursion_error',
				message: `rule ${group.name} is recursive: ${way}`,
				loc: rule.loc,
			});
		}
	}
	return errors;
}

/** Documents whose recursion is reported: each names all on its cycle, which may be all of them. */
const recursionsReportedMax = 50;

type Edges = ReadonlyMap<RuleGroup, ReadonlySet<RuleGroup>>;

/** The groups that are on a cycle, or lead from one to another: what is left when all ends are taken off, again and again. */
function betweenCycles(edges: Edges): ReadonlySet<RuleGroup> {
	const users = new Map<RuleGroup, Set<RuleGroup>>([...edges.keys()].map((group) => [group, new Set<RuleGroup>()]));
	for (const [group, used] of edges) for (const other of used) users.get(other)?.add(group);
	const left = new Set(edges.keys());
	takeOff(left, edges, users);
	takeOff(left, users, edges);
	return left;
}

/** Removes from `left` every group from which no way along `onward` is endless. */
function takeOff(left: Set<RuleGroup>, onward: Edges, back: Edges): void {
	const counts = new Map<RuleGroup, number>();
	for (const group of left) {
		let count = 0;
		for (const next of onward.get(group) ?? []) if (left.has(next)) count++;
		counts.set(group, count);
	}
	const ends = [...left].filter((group) => counts.get(group) === 0);
	for (let end = ends.pop(); end !== undefined; end = ends.pop()) {
		left.delete(end);
		for (const before of back.get(end) ?? []) {
			const count = (counts.get(before) ?? 0) - 1;
			counts.set(before, count);
			if (count === 0 && left.has(before)) ends.push(before);
		}
	}
}

function shortestCycle(start: RuleGroup, edges: Edges): RuleGroup[] | undefined {
	const cameFrom = new Map<RuleGroup, RuleGroup>();
	let frontier = [start];
	while (frontier.length > 0) {
		const next: RuleGroup[] = [];
		for (const at of frontier) {
			for (const to of edges.get(at) ?? []) {
				if (to === start) {
					const path = [start];
					for (let back: RuleGroup | undefined = at; back !== undefined && back !== start; back = cameFrom.get(back)) {
						path.splice(1, 0, back);
					}
					return [...path, start];
				}
				if (cameFrom.has(to)) continue;
				cameFrom.set(to, at);
				next.push(to);
			}
		}
		frontier = next;
	}
	return undefined;
}
