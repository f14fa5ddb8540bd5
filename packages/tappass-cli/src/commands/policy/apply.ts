import { Args, type Command, Flags, type Interfaces } from '@oclif/core';
import { type Answer, printable, type Terminal } from '@tappass/cli-kit';
import { TapPassError } from '@tappass/core';
import { changePolicy, waitFlags } from '../../change-policy.ts';
import { OperatorCommand } from '../../command.ts';
import { encodeFile } from '../../remote/base64-file.ts';
import { levelFlag, parseLevel } from '../../remote/place.ts';
import { serverFlag } from '../../remote/settings.ts';
import { readEach } from '../../sources.ts';

const args = { file: Args.string({ description: 'Rego, overlay or catalog file; several may be given' }) };
const flags = {
	server: serverFlag,
	level: levelFlag,
	pack: Flags.string({ multiple: true, helpValue: '<id>', description: 'compliance Pack to apply; may be repeated' }),
	...waitFlags,
};

/** `tappass policy apply`: puts policy in force at one place of the cascade. */
export default class PolicyApply extends OperatorCommand {
	static override summary = 'Apply policy files and Packs at one place of the cascade.';
	static override description =
		'Nothing is stored unless the whole cascade holds. Prints what gets stricter and looser for each sandbox, and returns when the new statements are signed. A file of the same name at the same place is replaced. A project that is not there yet is made.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %> --level org policies/baseline.rego',
		'<%= config.bin %> <%= command.id %> --pack eu-ai-act --level project=eu-team',
		'<%= config.bin %> <%= command.id %> --level agent=eu-team/eu-support-emailer --dry-run overlay.yaml',
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
		const place = parseLevel(chosen.level);
		const packs = chosen.pack ?? [];
		if (argv.length + packs.length === 0)
			throw new TapPassError('usage', {
				detail: 'neither a file nor a Pack is given',
				hint: printable(`tappass policy apply --level ${chosen.level} policies/baseline.rego, or --pack eu-ai-act`),
			});
		const files = (await readEach(argv as string[])).map(encodeFile);
		return changePolicy(terminal, chosen, {
			schema: 'tappass.policy.apply/1',
			route: '/v1/policies/apply',
			doing: 'applying',
			place,
			body: { files, packs },
		});
	}
}
