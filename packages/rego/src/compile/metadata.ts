/** What `rego.metadata.rule()` and `rego.metadata.chain()` mean in a rule: constants made from annotations. */
import type { Annotation, Module, Rule } from '../ast/ast.ts';
import type { Value } from '../value/index.ts';
import { packagePath } from './tree.ts';

/** An annotation as the object that policies see. */
export function annotationValue(annotation: Annotation): Value {
	const { loc: _loc, rule: _rule, ...fields } = annotation;
	return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Value;
}

/** Constants in a rule head's reference up to the first variable, below its package. */
function headPath(rule: Rule): string[] {
	const path: string[] = [];
	for (const [i, term] of rule.head.ref.entries()) {
		if (i === 0 && term.kind === 'var') path.push(term.name);
		else if (term.kind === 'string') path.push(term.value);
		else break;
	}
	return path;
}

function samePath(a: readonly string[], b: readonly string[]): boolean {
	return a.length === b.length && a.every((part, i) => part === b[i]);
}

/** Annotations of a rule itself, the nearest one first. */
function ownAnnotations(module: Module, rule: Rule): Annotation[] {
	const own = module.annotations.filter((annotation) => annotation.rule === rule && annotation.scope === 'rule');
	return own.sort((a, b) => b.loc.row - a.loc.row);
}

/** Value of `rego.metadata.rule()`. */
export function metadataRule(module: Module, rule: Rule): Value {
	const [nearest] = ownAnnotations(module, rule);
	return nearest === undefined ? {} : annotationValue(nearest);
}

/** Value of `rego.metadata.chain()`: the rule, its document, its package, then packages around, outwards. */
export function metadataChain(modules: readonly Module[], module: Module, rule: Rule): Value {
	const pkg = packagePath(module);
	const rulePath = [...pkg, ...headPath(rule)];
	const chain: { path: readonly string[]; annotation: Annotation | undefined }[] = [];
	const own = ownAnnotations(module, rule);
	if (own.length === 0) chain.push({ path: rulePath, annotation: undefined });
	for (const annotation of own) chain.push({ path: rulePath, annotation });
	for (const other of modules) {
		for (const annotation of other.annotations) {
			if (annotation.scope !== 'document' || annotation.rule === undefined) continue;
			const path = [...packagePath(other), ...headPath(annotation.rule)];
			if (samePath(path, rulePath)) chain.push({ path, annotation });
		}
	}
	for (const other of modules) {
		if (!samePath(packagePath(other), pkg)) continue;
		for (const annotation of other.annotations) {
			if (annotation.scope === 'package') chain.push({ path: pkg, annotation });
		}
	}
	const around = modules.flatMap((other) => {
		const path = packagePath(other);
		if (path.length > pkg.length || !samePath(path, pkg.slice(0, path.length))) return [];
		const found = other.annotations.filter((annotation) => annotation.scope === 'subpackages');
		return found.map((annotation) => ({ path, annotation }));
	});
	chain.push(...around.sort((a, b) => b.path.length - a.path.length));
	return chain.map(({ path, annotation }) =>
		annotation === undefined ? { path } : { annotations: annotationValue(annotation), path },
	) as Value;
}
