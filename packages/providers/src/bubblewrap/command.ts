import type { Rendered } from '@tappass/core';
import { type BubblewrapPlan, bubblewrapPlanSchema, readOptions } from './schema.ts';

/** What the host knows when it starts an agent, and rendering did not. */
export interface BubblewrapHost {
	/** Directory that the rendered files were written to. */
	readonly files_dir: string;
	/** Socket of the egress proxy for this sandbox, or null for none. */
	readonly egress_socket: string | null;
	/** Directory of the Keyring, or null before there is one. */
	readonly keyring_dir: string | null;
	/** Variables of the other Providers; they travel as arguments, so they hold no secret. */
	readonly env: Readonly<Record<string, string>>;
	/** The agent's command; never empty. */
	readonly command: readonly string[];
	/** Bytes that each directory of memory may hold; half of the machine's memory when absent. */
	readonly scratch_bytes?: number;
}

/** The whole argument list for bwrap. Spawn it as the agent's own user, without a shell. */
export function bubblewrapCommand(rendered: Rendered, host: BubblewrapHost): readonly string[] {
	const plan = readPlan(rendered);
	const hasRelay = host.egress_socket !== null && plan.egress_socket !== null;
	return [
		...boundScratch(rendered.args, host.scratch_bytes),
		...Object.entries(host.env)
			.sort(([a], [b]) => (a < b ? -1 : 1))
			.flatMap(([name, value]) => ['--setenv', name, value]),
		...Object.entries(plan.files).flatMap(([file, at]) => ['--ro-bind', `${host.files_dir}/${file}`, at]),
		...(hasRelay ? ['--bind', host.egress_socket!, plan.egress_socket!] : []),
		...(host.keyring_dir === null ? [] : ['--ro-bind', host.keyring_dir, plan.keyring]),
		...plan.seal.flatMap((path) => ['--remount-ro', path]),
		'--',
		...(hasRelay ? plan.start : []),
		...host.command,
	];
}

/** Gives each directory of memory a size; the one that comes with /dev has none of its own, so it gets another over it. */
function boundScratch(args: readonly string[], bytes: number | undefined): readonly string[] {
	const options = readOptions(args);
	if (bytes === undefined || options === undefined) return args;
	const size = ['--size', String(bytes)];
	return options.flatMap(({ option, values }) => {
		if (option === '--tmpfs') return [...size, option, ...values];
		const at = values[0];
		return option === '--dev'
			? [option, ...values, '--perms', '1777', ...size, '--tmpfs', `${at}/shm`, '--remount-ro', at!]
			: [option, ...values];
	});
}

function readPlan(rendered: Rendered): BubblewrapPlan {
	const file = rendered.files.find(({ path }) => path === 'plan.json');
	return bubblewrapPlanSchema.parse(JSON.parse(file?.content ?? 'null'));
}
