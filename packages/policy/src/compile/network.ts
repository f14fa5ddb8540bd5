import type { NetworkAspect } from '@tappass/core';
import type { CompileContext } from './context.ts';

/** Hosts that processes may reach, and the domain lists that are refused in any case. */
export function compileNetwork({ merged, trails }: CompileContext): NetworkAspect {
	return {
		allow_domains: trails.list(['network', 'allow_domains'], merged.allow['network.allow_domains'].items),
		deny_categories: trails.list(['network', 'deny_categories'], merged.deny['network.deny_categories']),
	};
}
