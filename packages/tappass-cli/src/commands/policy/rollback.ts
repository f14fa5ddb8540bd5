import { Args, type Command, type Interfaces } from '@oclif/core';
import type { Answer, Terminal } from '@tappass/cli-kit';
import { changePolicy, waitFlags } from '../../change-policy.ts';
import { OperatorCommand } from '../../command.ts';
import { levelFlag, parseLevel } from '../../remote/place.ts';
import { serverFlag } from '../../remote/settings.ts';

const args = {
	revision: Args.integer({
		required: true,
		min: 0,
		description: 'revision as policy list --history prints it; 0 for nothing at all',
	}),
};
const flags = { server: serverFlag, level: levelFlag, ...waitFlags };

/** `tappass policy rollback`: one place of the cascade as it was. */
export default class PolicyRollback extends OperatorCommand {
	static override summary = 'Bring one place of the cascade back to what it was after a revision.';
	static override description =
		'The other places stay as they are. It is a change like any other: checked against the whole cascade, kept as a new revision, and it can be rolled back too.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> policy list --history',
		'<%= config.bin %> <%= command.id %> 3 --level project=collibra-eval --dry-run',
	];
	static override args: Interfaces.ArgInput = args;
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(terminal: Terminal): Promise<Answer> {
		const { args: given, flags: chosen } = await this.parse({ args, flags, baseFlags: OperatorCommand.baseFlags });
		return changePolicy(terminal, chosen, {
			schema: 'tappass.policy.rollback/1',
			route: '/v1/policies/rollback',
			doing: 'rolling back',
			place: parseLevel(chosen.level),
			body: { revision: given.revision },
		});
	}
}
