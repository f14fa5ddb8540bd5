import { type Command, Flags, type Interfaces } from '@oclif/core';
import { type Answer, printable, printableJson, type Terminal } from '@tappass/cli-kit';
import { type AuditEntry, entryLine, entryPage, filterFlags, filterQuery } from '../../audit/entries.ts';
import { OperatorCommand } from '../../command.ts';
import { limits } from '../../limits.ts';
import type { ApiClient } from '../../remote/api-client.ts';
import { connect } from '../../remote/connect.ts';
import { serverFlag } from '../../remote/settings.ts';

const flags = {
	server: serverFlag,
	...filterFlags,
	since: Flags.integer({
		min: 0,
		helpValue: '<cursor>',
		helpGroup: 'FILTER',
		description: 'go on behind this index instead of showing the last entries first',
	}),
	last: Flags.integer({ char: 'n', min: 0, max: 500, default: 10, description: 'entries to show first' }),
	follow: Flags.boolean({ default: true, allowNo: true, description: 'wait for what comes' }),
	plain: Flags.boolean({ description: 'lines also at a terminal, instead of the live view' }),
};

/** `tappass audit tail`: entries as they are written. */
export default class AuditTail extends OperatorCommand {
	static override summary = 'Follow the audit log: a live view at a terminal, lines elsewhere.';
	static override description: string =
		'Ends with Ctrl-C. With --json each entry is one object on a line of its own; its index is the cursor to go on from.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %> --decision block',
		'<%= config.bin %> <%= command.id %> --sandbox tenant_a --plain',
		'<%= config.bin %> <%= command.id %> --since 1234 --json',
	];
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(terminal: Terminal): Promise<Answer> {
		const { flags: chosen } = await this.parse({ flags, baseFlags: OperatorCommand.baseFlags });
		const client = await connect(chosen.server);
		const entries = follow(client, filterQuery(chosen), chosen);
		const isLive = terminal.stdout.isTTY && process.stdin.isTTY && !terminal.json && !chosen.plain && chosen.follow;
		if (isLive) {
			// Only here: Ink takes longer to load than every other command to run.
			const { showAuditTail } = await import('../../views/audit-tail.ts');
			await showAuditTail(terminal, client.server, entries);
			// The request that waits for the next entry would hold the process for as long as it lasts.
			process.exit(0);
		}
		// A reader that left early, `| head -3`, wants no more.
		let isHeard = true;
		process.stdout.on('error', () => {
			isHeard = false;
		});
		for await (const entry of entries) {
			terminal.stdout.write(terminal.json ? jsonLine(entry) : `${printable(entryLine(entry))}\n`);
			if (!isHeard) break;
		}
		return nothing;
	}

	/** Entries are the answer, and are written already. */
	protected override print(_: Terminal, __: Answer): number {
		return 0;
	}
}

const nothing: Answer = { schema: 'tappass.audit.tail/1', fields: {}, text: '' };

function jsonLine(entry: AuditEntry): string {
	return printableJson({ schema: nothing.schema, ...entry });
}

async function* follow(
	client: ApiClient,
	filter: Readonly<Record<string, string | undefined>>,
	{
		since,
		last,
		follow: goesOn,
	}: { readonly since?: number | undefined; readonly last: number; readonly follow: boolean },
): AsyncGenerator<AuditEntry> {
	let cursor = since;
	if (cursor === undefined) {
		// The newest of all, whatever is looked for, is where waiting begins.
		const newest = await client.get('/v1/audit/events', entryPage, { limit: 1 });
		cursor = newest.items[0]?.index;
		if (last > 0 && cursor !== undefined) {
			const { items } = await client.get('/v1/audit/events', entryPage, { ...filter, limit: last, cursor: cursor + 1 });
			yield* [...items].reverse();
		}
		if (!goesOn) return;
	}
	while (true) {
		const page = await client.get('/v1/audit/events', entryPage, {
			...filter,
			order: 'asc',
			cursor,
			limit: limits.pageItems,
			wait_seconds: goesOn ? limits.tailWaitSeconds : 0,
		});
		yield* page.items;
		if (!goesOn && page.items.length === 0) return;
		cursor = page.cursor === null ? cursor : Number(page.cursor);
	}
}
