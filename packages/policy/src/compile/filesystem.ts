import { emptyCompiledPolicy, type FilesystemAspect } from '@tappass/core';
import { withoutDenied } from '../cascade/denied.ts';
import { patternKinds } from '../cascade/patterns.ts';
import type { CompileContext } from './context.ts';

/** Workspace, readable paths and absent paths. */
export function compileFilesystem({ merged, trails }: CompileContext): FilesystemAspect {
	const denied = merged.deny['filesystem.deny_paths'];
	const readable = withoutDenied(
		patternKinds['filesystem.read_only'],
		merged.allow['filesystem.read_only'].items,
		denied.map(({ value }) => value),
	);
	const workspace = merged.workspace?.value ?? emptyCompiledPolicy.filesystem.workspace;
	if (merged.workspace === undefined)
		trails.byDefault(['filesystem', 'workspace'], `${workspace} (filesystem.workspace)`, 'no level states a workspace');
	else trails.add(['filesystem', 'workspace'], `${workspace} (filesystem.workspace)`, merged.workspace.chains);
	return {
		workspace,
		read_only: trails.list(['filesystem', 'read_only'], readable),
		deny_paths: trails.list(['filesystem', 'deny_paths'], denied),
	};
}
