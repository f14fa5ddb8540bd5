import { type Command, Flags, type Interfaces } from '@oclif/core';
import type { Answer, Terminal } from '@tappass/cli-kit';
import {
	entryHeading,
	entryPage,
	entryRow,
	entrySpare,
	filterFlags,
	filterQuery,
	momentOf,
	noteUnknownType,
} from '../../audit/entries.ts';
import { OperatorCommand } from '../../command.ts';
import { connect } from '../../remote/connect.ts';
import { serverFlag } from '../../remote/settings.ts';
import { listing, wideFlag } from '../../views/listing.ts';

const flags = {
	server: serverFlag,
	wide: wideFlag,
	...filterFlags,
	since: Flags.string({
		helpValue: '<cursor|time>',
		helpGroup: 'FILTER',
		description: 'behind the cursor of an answer before, or from a moment on: 2026-05-07T10:00:00Z, 24h',
	}),
	until: Flags.string({ helpValue: '<time>', helpGroup: 'FILTER', description: 'before a moment' }),
	limit: Flags.integer({ default: 50, min: 1, max: 500, helpValue: '<n>', description: 'entries at the most' }),
};

/** `tappass audit query`: entries of the audit log by what is known of them. */
export default class AuditQuery extends OperatorCommand {
	static override summary = 'Find entries of the audit log: by time, actor, sandbox, code or request id.';
	static override description: string =
		'The newest first. With --since <cursor> the oldest first, from there on: a program that polls hands back the cursor of each answer.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %> --decision block --since 24h',
		'<%= config.bin %> <%= command.id %> --request-id 0192d3a4-5b6c-7def-8123-456789abcdef',
		'<%= config.bin %> <%= command.id %> --since 1234 --json',
	];
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(terminal: Terminal): Promise<Answer> {
		const { flags: chosen } = await this.parse({ flags, baseFlags: OperatorCommand.baseFlags });
		noteUnknownType(terminal, chosen.type);
		const { limit, since, until } = chosen;
		const now = Date.now();
		const isCursor = since !== undefined && /^\d{1,15}$/.test(since);
		const client = await connect(chosen.server);
		const { items, cursor } = await client.get('/v1/audit/events', entryPage, {
			...filterQuery(chosen),
			...(isCursor ? { order: 'asc', cursor: since } : {}),
			since: since === undefined || isCursor ? undefined : momentOf(since, '--since', now),
			until: until === undefined ? undefined : momentOf(until, '--until', now),
			limit,
		});
		const more =
			cursor === null || items.length < limit
				? []
				: [terminal.style.dim(`There may be more: --limit, up to 500, or a filter.`)];
		return {
			schema: 'tappass.audit.query/1',
			fields: { items, cursor },
			text: [
				listing(terminal, {
					heading: entryHeading,
					rows: items.map(entryRow),
					spare: entrySpare,
					wide: chosen.wide,
					empty: 'Nothing matches.',
				}),
				...more,
			].join('\n'),
		};
	}
}
