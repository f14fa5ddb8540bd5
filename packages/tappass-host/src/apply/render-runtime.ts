import { type CompiledPolicy, type RenderCapabilities, type Rendered, TapPassError } from '@tappass/core';
import { type CheckedGap, checkRuntime, findTarget, type RuntimeCheck } from '@tappass/providers';
import type { PolicyStatement } from '@tappass/trust';
import { isOtherTarget } from '../launch/other-programs.ts';

/** What the Providers of a Runtime make of a policy on this machine. */
export interface RuntimeRendering {
	readonly check: RuntimeCheck;
	/** By Provider, as far as there is one for each position. */
	readonly outputs: ReadonlyMap<string, Rendered>;
}

/** A policy as it is rendered. */
export interface Applied {
	readonly statement: PolicyStatement;
	readonly rendering: RuntimeRendering;
}

/**
 * Renders every Provider and checks each output against its target's own schema: several targets ignore a file that they
 * cannot read.
 *
 * @param shown directories that another program than bubblewrap shows beside what the policy names
 * @throws {TapPassError} internal when an output is malformed
 */
export function renderRuntime(
	statement: PolicyStatement,
	capabilities: RenderCapabilities,
	shown: readonly string[] = [],
): RuntimeRendering {
	const { compiled_policy, runtime } = statement;
	const check = checkRuntime(runtime, compiled_policy, capabilities);
	const outputs = new Map<string, Rendered>();
	for (const { provider } of check.active) {
		const target = findTarget(provider)!;
		const rendered = target.render(
			isOtherTarget(provider) ? showing(compiled_policy, shown) : compiled_policy,
			capabilities,
		);
		const problems = target.check(rendered);
		if (problems.length > 0) {
			throw new TapPassError('internal', { detail: `the output for ${provider} is malformed: ${problems.join('; ')}` });
		}
		outputs.set(provider, rendered);
	}
	return { check, outputs };
}

/** A ring without mounts of its own shows the host's directories where they are, by the rule for what may be read. */
function showing(policy: CompiledPolicy, shown: readonly string[]): CompiledPolicy {
	const read_only = [...new Set([...policy.filesystem.read_only, ...shown])].sort();
	return { ...policy, filesystem: { ...policy.filesystem, read_only } };
}

/** Gaps that nothing covers and nobody accepted. */
export function openGaps({ gaps }: RuntimeCheck): readonly CheckedGap[] {
	return gaps.filter(({ accepted, covered_by }) => covered_by === undefined && accepted === undefined);
}

/** @throws {TapPassError} runtime_unenforced, naming every rule that no position holds */
export function assertEnforced({ check }: RuntimeRendering): void {
	if (check.valid) return;
	const missing = check.inactive.filter(({ provider }) => provider !== null);
	const gaps = openGaps(check).map(({ aspect, provider, value, why }) => `${provider} ${aspect} ${value}: ${why}`);
	const all = [...missing.map(({ position, why }) => `${position}: ${why}`), ...gaps];
	const shown = all.slice(0, 8).join('; ');
	throw new TapPassError('runtime_unenforced', {
		detail: all.length > 8 ? `${shown}; and ${all.length - 8} more` : shown,
		hint: 'cover each with another Provider, or accept it by name in the Runtime',
	});
}

/** Whether an agent must be started anew to run under `after`: what it was started with has changed. */
export function needsRestart(before: Applied, after: Applied): boolean {
	return startedWith(before) !== startedWith(after);
}

// The proxy reads its rules live and the harness its files; everything else holds from the start on.
function startedWith({ rendering, statement }: Applied): string {
	const { compiled_policy, runtime } = statement;
	const kernel = kernelOutput(statement, rendering);
	return JSON.stringify([
		runtime.rings,
		compiled_policy.filesystem,
		compiled_policy.interpreter,
		statement.agent_plane_url,
		kernel?.args,
		kernel?.env,
		kernel?.files.filter(({ path }) => path !== 'egress-rules.json'),
	]);
}

/** What the kernel ring's Provider rendered; undefined when the Runtime has none. */
export function kernelOutput({ runtime }: PolicyStatement, { outputs }: RuntimeRendering): Rendered | undefined {
	return runtime.rings.kernel === null ? undefined : outputs.get(runtime.rings.kernel);
}
