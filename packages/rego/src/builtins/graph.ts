import { any, anyOf, array, named, object, set } from '../types/type.ts';
import { isArray, isSet, type ObjectValue, objectGet, RegoSet, SetBuilder, type Value } from '../value/index.ts';
import type { Builtin, BuiltinContext } from './builtin.ts';
import { anyArray, anyCollection, anySet, define } from './declare.ts';
import { collectionOperand, objectOperand } from './operands.ts';

const graphType = object(any, anyOf(anyArray, anySet));

/** Reachability in a graph given as an object from a vertex to the set or array of its neighbours. */
export const graphBuiltins: readonly Builtin[] = [
	define(
		'graph.reachable',
		'The vertices that can be reached from the initial ones, themselves included.',
		[
			named('graph', graphType, 'object containing a set or array of neighboring vertices'),
			named('initial', anyCollection, 'set or array of root vertices'),
		],
		named('output', anySet, 'set of vertices reachable from the `initial` vertices in the directed `graph`'),
		(args, context) => reachable(objectOperand(args, 1), collectionOperand(args, 2, ['{array, set}']), context),
	),
	define(
		'graph.reachable_paths',
		'The longest paths without a cycle from each initial vertex.',
		[
			named('graph', graphType, 'object containing a set or array of root vertices'),
			named('initial', anyCollection, 'initial paths'),
		],
		named('output', set(array(any)), 'paths reachable from the `initial` vertices in the directed `graph`'),
		(args, context) => reachablePaths(objectOperand(args, 1), collectionOperand(args, 2, ['{array, set}']), context),
	),
];

function neighbours(edges: Value): readonly Value[] {
	if (isArray(edges)) return edges;
	return isSet(edges) ? edges.values() : [];
}

function reachable(graph: ObjectValue, initial: readonly Value[], context: BuiltinContext): RegoSet {
	const reached = new SetBuilder();
	const queue = [...initial];
	for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
		context.spend(1);
		const edges = objectGet(graph, next);
		// A vertex that is no key of the graph is not part of the result.
		if (edges === undefined || !reached.add(next)) continue;
		for (const neighbour of neighbours(edges)) if (!reached.has(neighbour)) queue.push(neighbour);
	}
	return reached.build();
}

/** A step still to be taken: `vertex` after `path`, whose vertices are `seen`. */
interface Step {
	readonly vertex: Value;
	readonly path: readonly Value[];
	readonly seen: RegoSet;
}

function reachablePaths(graph: ObjectValue, initial: readonly Value[], context: BuiltinContext): RegoSet {
	const paths = new SetBuilder();
	// A stack of our own: a long chain must not exhaust JavaScript's.
	const steps: Step[] = [];
	for (const root of initial) {
		const edges = objectGet(graph, root);
		if (edges === undefined) continue;
		const next = neighbours(edges);
		if (next.length === 0) paths.add([root]);
		// As in OPA, the first step is not checked for a cycle: a root's edge to itself gives `[root, root]`.
		for (const vertex of next) steps.push({ vertex, path: [root], seen: RegoSet.of([root]) });
	}
	for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
		context.spend(1 + step.path.length);
		const edges = objectGet(graph, step.vertex);
		if (edges === undefined) {
			paths.add(step.path);
			continue;
		}
		const path = [...step.path, step.vertex];
		const seen = RegoSet.of([...step.seen.members(), step.vertex]);
		const next = neighbours(edges);
		if (next.length === 0) paths.add(path);
		for (const vertex of next) {
			if (seen.has(vertex)) paths.add(path);
			else steps.push({ vertex, path, seen });
		}
	}
	return paths.build();
}
