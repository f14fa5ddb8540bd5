import { Flags } from '@oclif/core';
import type { BooleanFlag, OptionFlag } from '@oclif/core/interfaces';
import { type Answer, note, type Terminal } from '@tappass/cli-kit';
import { TapPassError } from '@tappass/core';
import { connect } from './remote/connect.ts';
import { waitLoaded, withProgress } from './remote/follow.ts';
import { levelName, type Place } from './remote/place.ts';
import { outcome } from './remote/shapes.ts';
import { outcomeText } from './views/outcome.ts';

/** Flags of every command that changes policy on the server. */
export const waitFlags: {
	readonly 'dry-run': BooleanFlag<boolean>;
	readonly 'force-narrow': BooleanFlag<boolean>;
	readonly wait: BooleanFlag<boolean>;
	readonly timeout: OptionFlag<number>;
	readonly full: BooleanFlag<boolean>;
} = {
	'dry-run': Flags.boolean({ description: 'say what would change, and change nothing' }),
	'force-narrow': Flags.boolean({
		description: 'tighten a floor although levels below state more; lists what it narrows',
	}),
	wait: Flags.boolean({ description: 'return when every enrolled host has loaded it' }),
	timeout: Flags.integer({
		default: 60,
		min: 1,
		max: 86_400,
		helpValue: '<s>',
		description: 'seconds that --wait waits',
	}),
	full: Flags.boolean({ description: 'print every change at its whole length' }),
};

/** What those flags, and `--server`, parse to. */
export interface ChangeFlags {
	readonly server: string | undefined;
	readonly 'dry-run': boolean;
	readonly 'force-narrow': boolean;
	readonly wait: boolean;
	readonly timeout: number;
	readonly full: boolean;
}

/** A change of policy. */
export interface PolicyChange {
	readonly schema: string;
	readonly route: string;
	/** What goes on meanwhile, for the progress. */
	readonly doing: string;
	readonly place: Place;
	readonly body: object;
}

/** Asks the server for a change of policy, waits as long as asked, and says what it did. */
export async function changePolicy(
	terminal: Terminal,
	flags: ChangeFlags,
	{ schema, route, doing, place, body }: PolicyChange,
): Promise<Answer> {
	const client = await connect(flags.server);
	const request = { ...place, ...body, dry_run: flags['dry-run'], force_narrow: flags['force-narrow'] };
	const done = await withProgress(terminal, client, doing, () => client.send('POST', route, outcome, request));
	for (const { message } of done.warnings) note(terminal, 'warning', message);
	const specs = done.effects.flatMap(({ spec }) => (spec === null ? [] : [spec]));
	const hosts =
		flags.wait && !done.dry_run && specs.length > 0
			? await waitLoaded(terminal, client, specs, flags.timeout).catch((error: unknown) =>
					madeAlready(error, done.revision),
				)
			: undefined;
	const text = outcomeText(done, levelName(place), flags.full);
	return {
		schema,
		fields: { ...done, ...(hosts === undefined ? {} : { hosts }) },
		text:
			hosts === undefined ? text : `${text}\n${hosts.loaded} loaded by their hosts, ${hosts.pending} not enrolled yet.`,
		exit: done.failed ? 1 : 0,
	};
}

// The change is made, whatever became of the waiting: who reads only that a server cannot be reached would make it again.
function madeAlready(error: unknown, revision: number | null): never {
	if (!(error instanceof TapPassError)) throw error;
	throw new TapPassError(error.code, {
		detail: `revision ${revision} is made; ${error.detail ?? error.message}`,
		hint:
			error.code === 'timed_out' && error.hint !== undefined
				? error.hint
				: 'tappass sandbox list shows what each host has loaded',
		fields: { ...error.fields, ...(revision === null ? {} : { revision }) },
		cause: error,
	});
}
