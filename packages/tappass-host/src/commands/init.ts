import { type Answer, note } from '@tappass/cli-kit';
import { TapPassError } from '@tappass/core';
import { enrol } from '../enrol/enrol.ts';
import { sandboxPlaces } from '../state/places.ts';
import type { CommandContext } from './context.ts';
import { letGo } from './uninstall.ts';

/**
 * Enrols a sandbox on this host, and tells a daemon that runs: with `replace` in the place of the one that has the name.
 * @throws {TapPassError} what `enrol` throws
 */
export async function init(
	context: CommandContext,
	name: string,
	options: { readonly enrollUrl: string; readonly replace?: boolean },
): Promise<Answer> {
	const { files, places, terminal } = context;
	const now = (): { wall_ms: number; monotonic_ms: number } => ({
		wall_ms: Date.now(),
		monotonic_ms: performance.now(),
	});
	const replace = { letGo: () => letGo(context, name) };
	const { org_id, sandbox_id } = await enrol({
		name,
		url: options.enrollUrl,
		places,
		files,
		now,
		...(options.replace === true && { replace }),
	});
	const told = await context.daemon.reload().then(
		() => true,
		(error: unknown) => {
			if (!(error instanceof TapPassError) || error.code !== 'daemon_unreachable') throw error;
			return false;
		},
	);
	if (!told) note(terminal, 'note', `no daemon runs; tappass-host start ${name} brings one up`);
	const { directory } = sandboxPlaces(places.state, name);
	return {
		schema: 'tappass.host.init/1',
		fields: { name, org_id, sandbox_id, directory },
		text: `${name} is enrolled as ${sandbox_id}\nnext: tappass-host start ${name} --agent <package or command>`,
	};
}
