import type { SandboxView } from '../remote/shapes.ts';

/** Whether a host has loaded its newest statement; versions begin anew with each epoch. */
export function isLoaded({ epoch, loaded_epoch, policy_version, loaded_version }: SandboxView): boolean {
	return loaded_epoch === epoch && loaded_version !== null && loaded_version >= policy_version;
}

/** What a host has loaded, in few words. */
export function loadedText(sandbox: SandboxView): string {
	const loaded = sandbox.loaded_version === null ? 'never' : String(sandbox.loaded_version);
	if (sandbox.stale) return `${loaded} (deriving)`;
	return isLoaded(sandbox) || sandbox.loaded_version === null ? loaded : `${loaded} (behind)`;
}
