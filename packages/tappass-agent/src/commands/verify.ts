import { type Answer, readBounded } from '@tappass/cli-kit';
import { instantMs, limits, TapPassError } from '@tappass/core';
import { type VerifiedKeyring, verifyKeyring } from '@tappass/trust';

export interface VerifyOptions {
	/** Path of `keyring.json`, or `-`. */
	readonly keyring: string;
	readonly root: string;
	readonly floor?: string;
	/** RFC 3339; the clock when absent. */
	readonly now?: string;
}

/**
 * Checks a keyring as a host would, from files alone.
 * @param clock Unix milliseconds, used when `now` is not given
 * @throws {TapPassError} the code of the refusal (exit 3); file_unreadable, usage (exit 2)
 */
export async function verify(options: VerifyOptions, clock: number): Promise<Answer> {
	const now = options.now === undefined ? clock : readNow(options.now);
	if ([options.keyring, options.root, options.floor].filter((path) => path === '-').length > 1)
		throw new TapPassError('usage', { detail: 'standard input can be read once; only one of the files may be -' });
	// One after the other: when several cannot be read, it is always the same one that is named.
	const root = await readBounded(options.root, limits.payloadBytesMax);
	const keyring = await readBounded(options.keyring, limits.payloadBytesMax);
	const floor = options.floor === undefined ? undefined : await readBounded(options.floor, limits.payloadBytesMax);
	const verified = verifyKeyring({ keyring, root, now, ...(floor === undefined ? {} : { floor }) });
	const { statement: _, ...fields } = verified;
	return { schema: 'tappass.agent.verify/1', fields, text: describe(verified, floor !== undefined) };
}

/** Any RFC 3339 instant: an offset or a fraction is fine for a person asking "as of when". */
function readNow(text: string): number {
	const shape = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/i;
	const [, local] = shape.exec(text) ?? [];
	const ms = local === undefined ? Number.NaN : Date.parse(text.toUpperCase());
	// Date.parse takes 31 February for the third of March: the day and time must be on the calendar.
	if (Number.isNaN(ms) || instantMs(`${local!.toUpperCase()}Z`) === undefined)
		throw new TapPassError('usage', {
			detail: `--now ${JSON.stringify(text)} is not an RFC 3339 instant`,
			hint: 'write it like 2026-05-07T10:00:00Z',
		});
	return ms;
}

function describe(verified: VerifiedKeyring, withFloor: boolean): string {
	const { identity } = verified;
	return [
		'The keyring is good.',
		`  sandbox         ${identity.sandbox_id} (org ${identity.org_id}, project ${identity.project}, agent ${identity.agent})`,
		`  runtime         ${identity.runtime_id}`,
		`  policy version  ${verified.policy_version} (epoch ${verified.epoch}, seq ${verified.seq})`,
		`  expires         ${verified.expires_at}, in ${verified.remaining_seconds} s`,
		...(withFloor ? [] : ['  rollback        not checked: no --floor was given']),
	].join('\n');
}
