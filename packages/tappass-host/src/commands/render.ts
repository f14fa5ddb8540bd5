import { userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { type Answer, findPrograms, readBounded, type WrittenFile, writeBelow } from '@tappass/cli-kit';
import { limits, type RenderCapabilities, TapPassError } from '@tappass/core';
import { type CheckedGap, checkRuntime, findTarget } from '@tappass/providers';
import { type PolicyStatement, verifyKeyring } from '@tappass/trust';

export interface RenderOptions {
	/** Path of `keyring.json`, or `-`. */
	readonly keyring: string;
	readonly root: string;
	readonly floor?: string;
	readonly out: string;
	readonly workspace: string;
}

/**
 * Verifies a keyring and writes what every Provider of its Runtime makes of it. Nothing is rendered from a keyring that is
 * not good; a gap that is open is told and answered with exit code 1.
 *
 * @param now Unix milliseconds
 * @throws {TapPassError} the code of the refusal (exit 3); file_unreadable, file_unwritable
 */
export async function render(options: RenderOptions, now: number): Promise<Answer> {
	const [root, keyring, floor] = await Promise.all([
		readBounded(options.root, limits.payloadBytesMax),
		readBounded(options.keyring, limits.payloadBytesMax),
		options.floor === undefined ? undefined : readBounded(options.floor, limits.payloadBytesMax),
	]);
	const { statement } = verifyKeyring({ keyring, root, now, ...(floor === undefined ? {} : { floor }) });
	const capabilities = await capabilitiesOf(statement, options.workspace);
	const { runtime, compiled_policy } = statement;
	const check = checkRuntime(runtime, compiled_policy, capabilities);
	const targets: {
		readonly target: string;
		readonly files: readonly WrittenFile[];
		readonly args: readonly string[];
	}[] = [];
	for (const { provider } of check.active) {
		const target = findTarget(provider)!;
		const rendered = target.render(compiled_policy, capabilities);
		const problems = target.check(rendered);
		if (problems.length > 0)
			throw new TapPassError('internal', { detail: `the output for ${provider} is malformed: ${problems.join('; ')}` });
		targets.push({
			target: provider,
			files: await writeBelow(join(options.out, provider), rendered.files),
			args: rendered.args,
		});
	}
	const { sandbox_id } = statement.identity;
	const open = check.gaps.filter((gap) => gap.covered_by === undefined && gap.accepted === undefined);
	return {
		schema: 'tappass.host.render/1',
		fields: { sandbox_id, policy_version: statement.policy_version, runtime: runtime.id, ...check, targets },
		text: describe(statement, targets, check.inactive, open, check.valid),
		exit: check.valid ? 0 : 1,
	};
}

async function capabilitiesOf(statement: PolicyStatement, workspace: string): Promise<RenderCapabilities> {
	const { runtime, tool_aliases, domain_categories } = statement;
	const harness = runtime.rings.harness ?? '';
	return {
		os: process.platform === 'darwin' ? 'macos' : process.platform === 'win32' ? 'windows' : 'linux',
		home: '/home/agent',
		uid: userInfo().uid === 0 ? 20_001 : userInfo().uid,
		workspace_host: resolve(workspace),
		gateway_url: 'http://inference.local:3128/v1',
		mcp_url: 'http://mcp.local:3128/mcp',
		binaries: await findPrograms(process.env['PATH'] ?? ''),
		target_version: null,
		tool_aliases: Object.hasOwn(tool_aliases, harness) ? tool_aliases[harness]! : {},
		domain_categories,
		path_kinds: {},
	};
}

function describe(
	statement: PolicyStatement,
	targets: readonly { readonly target: string; readonly files: readonly WrittenFile[] }[],
	inactive: readonly { readonly position: string; readonly why: string }[],
	open: readonly CheckedGap[],
	valid: boolean,
): string {
	return [
		`${statement.identity.sandbox_id}, policy version ${statement.policy_version}, Runtime ${statement.runtime.id}`,
		...targets.map(
			({ target, files }) => `  ${target}: ${files.length === 1 ? files[0]!.written : `${files.length} files`}`,
		),
		...inactive.map(({ position, why }) => `  not active: ${position} (${why})`),
		...open.map((gap) => `  open gap: ${gap.provider} ${gap.aspect} ${gap.value}: ${gap.why}`),
		valid
			? 'Every rule is enforced or accepted by name.'
			: 'This Runtime does not enforce the policy: an agent would not be started under it.',
	].join('\n');
}
