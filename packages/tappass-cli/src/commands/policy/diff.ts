import { Args, type Command, Flags, type Interfaces } from '@oclif/core';
import type { Answer, Terminal } from '@tappass/cli-kit';
import { TapPassError } from '@tappass/core';
import { diffPolicies, isRefused, printDiff } from '@tappass/policy';
import { changePolicy } from '../../change-policy.ts';
import { OperatorCommand } from '../../command.ts';
import { readRequest, requestFlags } from '../../compile-request.ts';
import { refuse } from '../../diagnostics.ts';
import { encodeFile } from '../../remote/base64-file.ts';
import { parseLevel } from '../../remote/place.ts';
import { serverFlag } from '../../remote/settings.ts';
import { readSource } from '../../sources.ts';

const args = {
	before: Args.string({ required: true, description: 'Rego of the org level, or the --json output of policy compile' }),
	after: Args.string({ description: 'the same, after the change; left out with --level' }),
};
const flags = {
	...requestFlags,
	server: serverFlag,
	level: Flags.string({
		helpValue: 'org|project=<name>|agent=[<project>/]<name>',
		helpGroup: 'SERVER',
		description: 'compare with what is in force on the server: what would change if the file were applied here',
	}),
};

/** `tappass policy diff`: what got stricter, what got looser. */
export default class PolicyDiff extends OperatorCommand {
	static override summary = 'Say what got stricter and what looser between two policies, per Aspect.';
	static override description =
		'A Rego file is compiled in place of the org level of the request that the flags describe. With --level, one file is compared with what is in force on the server, for each sandbox; nothing is changed.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %> policies/collibra-steward.rego policies/strict.rego',
		'<%= config.bin %> <%= command.id %> before.json after.json --json',
		'<%= config.bin %> <%= command.id %> policies/strict.rego --level project=collibra-eval',
	];
	static override args: Interfaces.ArgInput = args;
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(terminal: Terminal): Promise<Answer> {
		const { args: given, flags: chosen } = await this.parse({ args, flags, baseFlags: OperatorCommand.baseFlags });
		if (chosen.level !== undefined) return diffWithServer(terminal, chosen, given);
		if (given.after === undefined)
			throw new TapPassError('usage', {
				detail: 'one policy cannot be compared with nothing',
				hint: 'name a second one, or --level <where> to compare with what is in force on the server',
			});
		const [before, after, base] = await Promise.all([
			readSource(given.before),
			readSource(given.after),
			readRequest(chosen),
		]);
		const result = diffPolicies(before, after, base);
		if (isRefused(result)) {
			refuse(result.diagnostics, 'the policies');
			throw new Error('a refusal without an error');
		}
		const { schema, ...fields } = result;
		return { schema, fields, text: printDiff(result) };
	}
}

async function diffWithServer(
	terminal: Terminal,
	{ server, level }: { readonly server: string | undefined; readonly level: string | undefined },
	{ before, after }: { readonly before: string; readonly after: string | undefined },
): Promise<Answer> {
	if (after !== undefined)
		throw new TapPassError('usage', { detail: '--level compares one file with the server', hint: 'name one file' });
	return changePolicy(
		terminal,
		{ server, 'dry-run': true, 'force-narrow': false, wait: false, timeout: 0, full: true },
		{
			schema: 'tappass.policy.diff-server/1',
			route: '/v1/policies/apply',
			doing: 'comparing',
			place: parseLevel(level!),
			body: { files: [encodeFile(await readSource(before))] },
		},
	);
}
