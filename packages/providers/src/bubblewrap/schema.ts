import type { Rendered } from '@tappass/core';
import { z } from 'zod';
import { checkJson } from '../check-json.ts';

/** Where the agent's only way out ends: the unix socket of the host's egress proxy. */
export const egressSocket = '/run/tappass-egress.sock';
/** Where the agent reads its Keyring. */
export const keyringDirectory = '/run/tappass';
/** Where the relay listens inside the sandbox. */
export const relayPort = 3128;

/** Our own format: what the host's egress proxy holds every connection to. The Runtime's `cidrs` are handed to it apart. */
export interface EgressRules {
	readonly schema: 'tappass.egress-rules/1';
	readonly allow: readonly string[];
	/** Wins over `allow`. */
	readonly deny: readonly string[];
}

/** What the host adds to the rendered arguments: only it knows these paths, and only when it starts the agent. */
export interface BubblewrapPlan {
	readonly schema: 'tappass.bubblewrap-plan/1';
	/** Rendered file → where it is mounted, read-only. */
	readonly files: Readonly<Record<string, string>>;
	/** Where the socket of the egress proxy is mounted; null: the agent has no way out. */
	readonly egress_socket: string | null;
	readonly keyring: string;
	/** Remounted read-only when everything is in place, in this order. */
	readonly seal: readonly string[];
	/** Put before the agent's command: starts the relay and waits for it. */
	readonly start: readonly string[];
}

const path = z.string().regex(/^\/[^\u0000]*$/);
const egressRulesSchema: z.ZodType = z.strictObject({
	schema: z.literal('tappass.egress-rules/1'),
	allow: z.array(z.string().min(1)),
	deny: z.array(z.string().min(1)),
});
/** Reads `plan.json`. */
export const bubblewrapPlanSchema: z.ZodType<BubblewrapPlan> = z.strictObject({
	schema: z.literal('tappass.bubblewrap-plan/1'),
	files: z.record(z.string().min(1), path),
	egress_socket: path.nullable(),
	keyring: path,
	seal: z.array(path),
	start: z.array(z.string().min(1)),
});

/** Options of bwrap that we use → how many arguments each takes. Source: bwrap(1) of bubblewrap 0.8.0. */
const arity: Readonly<Record<string, number>> = {
	'--unshare-all': 0,
	'--unshare-user': 0,
	'--disable-userns': 0,
	'--cap-drop': 1,
	'--clearenv': 0,
	'--new-session': 0,
	'--die-with-parent': 0,
	'--hostname': 1,
	'--setenv': 2,
	'--ro-bind': 2,
	'--ro-bind-try': 2,
	'--bind': 2,
	'--symlink': 2,
	'--tmpfs': 1,
	'--perms': 1,
	'--proc': 1,
	'--dev': 1,
	'--dir': 1,
	'--remount-ro': 1,
	'--chdir': 1,
};
/** Without any of these the sandbox is none. */
const required = [
	'--unshare-all',
	'--unshare-user',
	'--disable-userns',
	'--cap-drop',
	'--clearenv',
	'--new-session',
	'--die-with-parent',
];

/** One option of bwrap with its arguments. */
export interface BwrapOption {
	readonly option: string;
	readonly values: readonly string[];
}

/** Takes arguments apart as bwrap does; undefined when there is an option we do not use, or one lacks an argument. */
export function readOptions(args: readonly string[]): readonly BwrapOption[] | undefined {
	const options: BwrapOption[] = [];
	for (let index = 0; index < args.length; ) {
		const option = args[index]!;
		const count = Object.hasOwn(arity, option) ? arity[option]! : undefined;
		if (count === undefined || index + count >= args.length) return undefined;
		options.push({ option, values: args.slice(index + 1, index + 1 + count) });
		index += 1 + count;
	}
	return options;
}

const plainFile = /^[\x20-\x7e\n]*$/;

export function check(rendered: Rendered): readonly string[] {
	const plain = rendered.files.filter(({ path: name }) => !name.endsWith('.json'));
	const json = { ...rendered, files: rendered.files.filter((file) => !plain.includes(file)) };
	const options = readOptions(rendered.args);
	return [
		...checkJson(json, { 'egress-rules.json': egressRulesSchema, 'plan.json': bubblewrapPlanSchema }),
		...plain.filter(({ content }) => !plainFile.test(content)).map((file) => `${file.path}: expected plain lines`),
		...(options === undefined ? ['args: not options of bwrap'] : missing(options)),
	];
}

function missing(options: readonly BwrapOption[]): readonly string[] {
	return required
		.filter((name) => !options.some(({ option }) => option === name))
		.map((name) => `args: ${name} is missing`);
}
