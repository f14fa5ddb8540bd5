import { join, resolve } from 'node:path';
import { type Answer, readBounded, type WrittenFile, writeBelow } from '@tappass/cli-kit';
import { limits as shared } from '@tappass/core';
import type { CheckedGap } from '@tappass/providers';
import { type PolicyStatement, verifyKeyring } from '@tappass/trust';
import { capabilitiesOf } from '../apply/capabilities.ts';
import { openGaps, renderRuntime } from '../apply/render-runtime.ts';
import { limits } from '../limits.ts';

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
		readBounded(options.root, shared.payloadBytesMax),
		readBounded(options.keyring, shared.payloadBytesMax),
		options.floor === undefined ? undefined : readBounded(options.floor, shared.payloadBytesMax),
	]);
	const { statement } = verifyKeyring({ keyring, root, now, ...(floor === undefined ? {} : { floor }) });
	const uid = process.getuid?.() ?? 0;
	const capabilities = await capabilitiesOf(statement, {
		uid: uid === 0 ? limits.uidFirst : uid,
		gid: uid === 0 ? limits.uidFirst : (process.getgid?.() ?? 0),
		workspace: resolve(options.workspace),
		path: process.env['PATH'] ?? '',
	});
	const { check, outputs } = renderRuntime(statement, capabilities);
	const targets: {
		readonly target: string;
		readonly files: readonly WrittenFile[];
		readonly args: readonly string[];
	}[] = [];
	for (const [target, { args, files }] of outputs) {
		targets.push({ target, files: await writeBelow(join(options.out, target), files), args });
	}
	const { sandbox_id } = statement.identity;
	const open = openGaps(check);
	return {
		schema: 'tappass.host.render/1',
		fields: { sandbox_id, policy_version: statement.policy_version, runtime: statement.runtime.id, ...check, targets },
		text: describe(statement, targets, check.inactive, open, check.valid),
		exit: check.valid ? 0 : 1,
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
