import { Args, type Command, Flags, type Interfaces } from '@oclif/core';
import type { Answer, Terminal } from '@tappass/cli-kit';
import { TapPassError } from '@tappass/core';
import { z } from 'zod';
import { OperatorCommand } from '../../command.ts';
import { connect } from '../../remote/connect.ts';
import { serverFlag } from '../../remote/settings.ts';

const args = { event: Args.string({ description: 'ids of events, as audit query shows them; several may be given' }) };
const flags = {
	server: serverFlag,
	subject: Flags.string({ helpValue: '<id>', description: 'forget who is behind the pseudonym of this actor' }),
	'legal-basis': Flags.string({
		required: true,
		helpValue: '<name>',
		description: 'by what right, as a name that stays in the log in clear: gdpr-art-17, court-order',
	}),
	reason: Flags.string({ helpValue: '<text>', description: 'in your own words; kept encrypted' }),
	yes: Flags.boolean({ description: 'do it: what is erased cannot be brought back' }),
};

const erased: z.ZodType<{
	readonly indices: readonly number[];
	readonly erased: number;
	readonly subject_forgotten: boolean;
	readonly legal_basis: string;
}> = z.looseObject({
	indices: z.array(z.int()),
	erased: z.int(),
	subject_forgotten: z.boolean(),
	legal_basis: z.string(),
});

/** `tappass audit erase`: take away what entries stand for. */
export default class AuditErase extends OperatorCommand {
	static override summary = 'Erase the payloads of entries, or who is behind a pseudonym.';
	static override description: string =
		'Entries and proofs stay valid: payload and salt are deleted, and the log says of which entries and by what right.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %> 0192d3a4-5b6c-7def-8123-456789abcdef --legal-basis gdpr-art-17 --yes',
		'<%= config.bin %> <%= command.id %> --subject ada@acme.example --legal-basis gdpr-art-17 --yes',
	];
	static override args: Interfaces.ArgInput = args;
	static override flags: Interfaces.FlagInput = flags;
	static override strict = false;

	protected override async answer(_: Terminal): Promise<Answer> {
		const { argv, flags: chosen } = await this.parse({
			args,
			flags,
			baseFlags: OperatorCommand.baseFlags,
			strict: false,
		});
		const events = argv as string[];
		const { subject, reason, 'legal-basis': legal_basis } = chosen;
		if (events.length === 0 && subject === undefined)
			throw new TapPassError('usage', {
				detail: 'neither an event nor --subject is given',
				hint: 'tappass audit query --json shows the event_id of each entry',
			});
		if (!chosen.yes)
			throw new TapPassError('usage', {
				detail: `this would erase ${events.length} payloads${subject === undefined ? '' : `, and who ${subject} is in the log`}`,
				hint: 'what is erased cannot be brought back; add --yes to do it',
			});
		const client = await connect(chosen.server);
		const done = await client.send('POST', '/v1/audit/erasures', erased, { events, subject, legal_basis, reason });
		const { indices, subject_forgotten } = done;
		return {
			schema: 'tappass.audit.erase/1',
			fields: done,
			text: [
				`Erased ${done.erased} of ${indices.length} payloads${indices.length === 0 ? '' : ` (index ${indices.join(', ')})`}.`,
				...(subject === undefined
					? []
					: [subject_forgotten ? `${subject} is forgotten.` : `${subject} is in no entry.`]),
			].join('\n'),
		};
	}
}
