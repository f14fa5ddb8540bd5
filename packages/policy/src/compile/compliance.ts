import type { CompileContext } from './context.ts';

/** The controls that the policy serves. */
export function compileCompliance({ merged, trails }: CompileContext): readonly string[] {
	return trails.list(['compliance_tags'], merged.deny.compliance_tags);
}
