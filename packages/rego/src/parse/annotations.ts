import type { Annotation, Module } from '../ast/ast.ts';
import type { Diagnostic } from '../errors.ts';

export interface ReadAnnotations {
	readonly annotations: readonly Annotation[];
	readonly diagnostics: readonly Diagnostic[];
}
export function readAnnotations(_module: Omit<Module, 'annotations'>): ReadAnnotations {
	return { annotations: [], diagnostics: [] };
}
