import { type Command, Flags, type Interfaces } from '@oclif/core';
import { type Answer, note, printable, type Terminal, writeFileAtomic } from '@tappass/cli-kit';
import { TapPassError } from '@tappass/core';
import { OperatorCommand } from '../../command.ts';
import { emitBootstraps } from '../../emit.ts';
import { connect } from '../../remote/connect.ts';
import { hasSpec } from '../../remote/follow.ts';
import { serverFlag } from '../../remote/settings.ts';
import { composeFile } from '../../views/compose-file.ts';

const flags = {
	server: serverFlag,
	count: Flags.integer({ default: 3, min: 1, max: 100, helpValue: '<n>', description: 'sandboxes to make' }),
	policy: Flags.string({ required: true, helpValue: '<name>', description: 'sandbox-spec, of the org or shipped' }),
	project: Flags.string({
		default: 'dev',
		helpValue: '<name>',
		description: 'project for a shipped spec; made when it is not there',
	}),
	compose: Flags.string({ helpValue: '<file>', description: 'write a compose file with one host for each sandbox' }),
};

/** `tappass dev seed-sandboxes`: several hosts on one laptop. */
export default class SeedSandboxes extends OperatorCommand {
	static override summary = 'Make several sandboxes of one spec, to try a fleet on one machine.';
	static override description =
		'Prints their bootstrap URLs, one a line, or writes a compose file in which each host enrols itself. The URLs live for 15 minutes.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %> --count 3 --policy customer-support',
		'<%= config.bin %> <%= command.id %> --count 3 --policy customer-support --compose docker-compose.yaml',
	];
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(terminal: Terminal): Promise<Answer> {
		const { flags: chosen } = await this.parse({ flags, baseFlags: OperatorCommand.baseFlags });
		if (/^[./]|\.rego$/.test(chosen.policy))
			throw new TapPassError('usage', {
				detail: `--policy ${JSON.stringify(chosen.policy)} names a file, not a sandbox-spec`,
				hint: 'tappass sandbox-spec list',
			});
		const client = await connect(chosen.server);
		const project = (await hasSpec(client, chosen.policy)) ? undefined : chosen.project;
		const made = await emitBootstraps(terminal, client, chosen.policy, { count: chosen.count, project });
		const { compose } = chosen;
		const fields = { ...made, ...(compose === undefined ? {} : { compose }) };
		const exit = made.failed > 0 ? 1 : 0;
		if (compose === undefined)
			return {
				schema: 'tappass.dev.seed-sandboxes/1',
				fields,
				text: printable(made.items.map(({ url }) => url).join('\n')),
				exit,
			};
		// The URLs in it are secrets until they are redeemed.
		await writeFileAtomic(compose, composeFile(made.items.map(({ url }) => url)), { mode: 0o600 });
		note(terminal, 'hint', `docker compose -f ${compose} up`);
		return {
			schema: 'tappass.dev.seed-sandboxes/1',
			fields,
			text: printable(`Wrote ${compose} with ${made.items.length} hosts.`),
			exit,
		};
	}
}
