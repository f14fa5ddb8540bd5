import { type Answer, printAnswer, type Terminal, table } from '@tappass/cli-kit';
import { TapPassError } from '@tappass/core';
import type { DaemonView, SandboxView } from '../daemon/view.ts';
import type { CommandContext } from './context.ts';

/** How every sandbox of this host stands. @throws {TapPassError} daemon_unreachable, not_found */
export async function status(context: CommandContext, name: string | undefined): Promise<Answer> {
	const view = only(await context.daemon.status(), name);
	const { schema, ...fields } = view;
	return { schema, fields, text: describe(view, context.terminal.style), exit: view.sandboxes.every(isWell) ? 0 : 1 };
}

/** Shows the status and every change of it, until interrupted: Ink at a terminal, else lines. */
export async function watchStatus(context: CommandContext, name: string | undefined): Promise<void> {
	const { terminal } = context;
	const views = onlyOf(context.daemon.watch(), name);
	if (!terminal.json && terminal.stdout.isTTY) {
		const { showStatus } = await import('../views/status-view.tsx');
		return showStatus(views, terminal.style);
	}
	let told: string | undefined;
	for await (const view of views) {
		const { schema, ...fields } = view;
		const now = lines(view);
		// What is left of a keyring changes every second, and is in no line.
		if (!terminal.json && now.join('\n') === told) continue;
		told = now.join('\n');
		const at = new Date().toISOString();
		printAnswer(terminal, { schema, fields, text: now.map((line) => `${at}  ${line}`).join('\n') });
	}
}

function only(view: DaemonView, name: string | undefined): DaemonView {
	if (name === undefined) return view;
	const sandboxes = view.sandboxes.filter((one) => one.name === name);
	if (sandboxes.length > 0) return { ...view, sandboxes };
	throw new TapPassError('not_found', {
		detail: `no sandbox ${name} on this host`,
		hint: `there is ${view.sandboxes.map((one) => one.name).join(', ') || 'none'}`,
	});
}

async function* onlyOf(views: AsyncIterable<DaemonView>, name: string | undefined): AsyncIterable<DaemonView> {
	for await (const view of views) yield only(view, name);
}

function isWell({ posture }: SandboxView): boolean {
	return posture === 'fresh' || posture === 'waiting';
}

function describe(view: DaemonView, style: Terminal['style']): string {
	if (view.sandboxes.length === 0) return 'no sandbox on this host; tappass-host init enrols one';
	const rows = [
		['NAME', 'POLICY', 'STATE', 'AGENT', 'CONNECTED', 'ENDS IN'],
		...view.sandboxes.map((one) => [
			one.name,
			versionOf(one),
			one.posture,
			one.agent.state === 'none' ? '-' : one.agent.state,
			one.connected ? 'yes' : 'no',
			one.keyring_seconds_left > 0 ? `${one.keyring_seconds_left} s` : '-',
		]),
	];
	return [table(rows, style), ...view.sandboxes.flatMap(detailsOf), ...weaknessesOf(view)].join('\n');
}

/** Loaded version, and the one that is wanted when it is another. */
export function versionOf({ loaded_version, wanted_version }: SandboxView): string {
	if (loaded_version === null) return wanted_version === null ? '-' : `none (wanted ${wanted_version})`;
	return loaded_version === wanted_version ? `${loaded_version}` : `${loaded_version} (wanted ${wanted_version})`;
}

/** What a person should know of a sandbox: why it is not fresh, what guards nothing, what was accepted. */
export function detailsOf(sandbox: SandboxView): readonly string[] {
	const { accepted_gaps, agent, inactive, missing, name, network_change, next, rings, why } = sandbox;
	return [
		...(why === null ? [] : [`${name}: ${why}`]),
		...(next === null ? [] : [`${name}: next: ${next}`]),
		...(missing === null ? [] : [`${name}: no agent can be started: ${missing.what}`]),
		...(missing?.next == null ? [] : [`${name}: next: ${missing.next}`]),
		...(agent.why === null ? [] : [`${name}: agent ${agent.state}: ${agent.why}`]),
		...Object.entries(rings)
			.filter(([, { provider }]) => provider !== null)
			.map(
				([ring, { policy_version, provider, state }]) =>
					`${name}: ${ring} ${provider} ${state} (version ${policy_version})`,
			),
		...(network_change === 'restart'
			? [`${name}: a change of the policy starts the agent anew: ${rings['kernel']?.provider} takes none while it runs`]
			: []),
		...inactive.map(({ position, why: because }) => `${name}: not active: ${position}: ${because}`),
		...accepted_gaps.map(({ reason, rule }) => `${name}: not enforced: ${rule}: accepted: ${reason}`),
	];
}

/** What is weaker on this machine. */
export function weaknessesOf({ weaknesses }: DaemonView): readonly string[] {
	return weaknesses.map(({ fix, what, why }) => `weaker here: ${what}: ${why}${fix === undefined ? '' : `; ${fix}`}`);
}

function lines(view: DaemonView): readonly string[] {
	return view.sandboxes.map((one) =>
		[
			one.name,
			`policy ${versionOf(one)}`,
			one.posture,
			`agent ${one.agent.state}`,
			one.connected ? 'connected' : 'not connected',
			...(one.code === null ? [] : [one.code]),
		].join('  '),
	);
}
