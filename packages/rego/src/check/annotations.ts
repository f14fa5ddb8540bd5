/** Metadata annotations: one for each document and package. */
import type { Annotation, Module } from '../ast/ast.ts';
import type { LProgram } from '../compile/lowered.ts';
import { packagePath, printPath } from '../compile/tree.ts';
import type { Diagnostic } from '../errors.ts';

/** Reports annotations of a scope and target that have one already. */
export function checkAnnotations(program: LProgram): readonly Diagnostic[] {
	const held = new Map<string, Annotation>();
	const errors: Diagnostic[] = [];
	for (const module of program.modules) {
		for (const annotation of module.annotations) {
			const target = targetOf(annotation, module);
			if (target === undefined) continue;
			const earlier = held.get(target);
			if (earlier === undefined) {
				held.set(target, annotation);
				continue;
			}
			const at = `${earlier.loc.file}:${earlier.loc.row}`;
			const message = `${annotation.scope} annotation redeclared: ${at}`;
			errors.push({ code: 'rego_type_error', message, loc: annotation.loc });
		}
	}
	return errors;
}

/** What an annotation describes, when only one may describe it. */
function targetOf({ scope, rule }: Annotation, module: Module): string | undefined {
	const pkg = packagePath(module);
	if (scope === 'package' || scope === 'subpackages') return `${scope} ${printPath(pkg)}`;
	if (scope !== 'document' || rule === undefined) return undefined;
	const path: string[] = [...pkg];
	for (const [i, term] of rule.head.ref.entries()) {
		if (term.kind === 'string') path.push(term.value);
		else if (term.kind === 'var' && i === 0) path.push(term.name);
		else break;
	}
	return `document ${printPath(path)}`;
}
