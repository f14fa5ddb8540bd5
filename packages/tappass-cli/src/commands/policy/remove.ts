import { Args, type Command, Flags, type Interfaces } from '@oclif/core';
import type { Answer, Terminal } from '@tappass/cli-kit';
import { TapPassError } from '@tappass/core';
import { changePolicy, waitFlags } from '../../change-policy.ts';
import { OperatorCommand } from '../../command.ts';
import { levelFlag, parseLevel } from '../../remote/place.ts';
import { serverFlag } from '../../remote/settings.ts';

const args = { name: Args.string({ description: 'name of the file as policy list prints it; several may be given' }) };
const flags = {
	server: serverFlag,
	level: levelFlag,
	pack: Flags.string({ multiple: true, helpValue: '<id>', description: 'Pack to remove; may be repeated' }),
	...waitFlags,
};

/** `tappass policy remove`: takes policy out of force at one place of the cascade. */
export default class PolicyRemove extends OperatorCommand {
	static override summary = 'Remove policy files and Packs from one place of the cascade.';
	static override description =
		'Prints what gets stricter and looser for each sandbox. Refused when what is left does not hold together. tappass policy rollback brings it back.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %> --level project=collibra-eval strict.rego',
		'<%= config.bin %> <%= command.id %> --level project=eu-team --pack eu-ai-act --dry-run',
	];
	static override args: Interfaces.ArgInput = args;
	static override flags: Interfaces.FlagInput = flags;
	static override strict = false;

	protected override async answer(terminal: Terminal): Promise<Answer> {
		const { argv, flags: chosen } = await this.parse({
			args,
			flags,
			baseFlags: OperatorCommand.baseFlags,
			strict: false,
		});
		const file_keys = [
			// The path that was applied names it as well as its last part.
			...(argv as string[]).map((name) => name.slice(name.lastIndexOf('/') + 1)),
			...(chosen.pack ?? []).map((id) => `pack:${id}`),
		];
		if (file_keys.length === 0)
			throw new TapPassError('usage', { detail: 'neither a file nor a Pack is named', hint: 'tappass policy list' });
		return changePolicy(terminal, chosen, {
			schema: 'tappass.policy.remove/1',
			route: '/v1/policies/remove',
			doing: 'removing',
			place: parseLevel(chosen.level),
			body: { file_keys },
		});
	}
}
