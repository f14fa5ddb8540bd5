import { type Answer, printable, readBounded } from '@tappass/cli-kit';
import { type ErrorCode, errorTable, nearest, parseJson, TapPassError } from '@tappass/core';
import { type Denial, denialOf } from '../client/denial.ts';
import { agentLimits } from '../limits.ts';

/**
 * Why something was refused: a code, from the table; or a denial as it was answered, from a file or stdin. Asks nobody.
 * @throws {TapPassError} not_found, file_unreadable, schema_invalid
 */
export async function explain(what: string): Promise<Answer> {
	return Object.hasOwn(errorTable, what) ? explainCode(what as ErrorCode) : explainDenial(await readDenial(what));
}

function explainCode(code: ErrorCode): Answer {
	const { title, status, retryable } = errorTable[code];
	return {
		schema: 'tappass.agent.explain/1',
		fields: { code, title, status, retryable, because: [] },
		text: [`${code}: ${title}`, `  ${again(retryable)}`].join('\n'),
	};
}

function explainDenial({ code, message, because, request_id, ticket }: Denial): Answer {
	const row = Object.hasOwn(errorTable, code) ? errorTable[code as ErrorCode] : undefined;
	const retryable = row?.retryable ?? false;
	const lines = [`${code}: ${message}`, ...because.map((line) => `  ⤷ ${line}`), `  ${again(retryable)}`];
	if (ticket !== undefined) lines.push(`  A person can approve it: ticket ${ticket}`);
	if (request_id !== '') lines.push(`  On the audit log: ${request_id}`);
	return {
		schema: 'tappass.agent.explain/1',
		fields: { code, title: row?.title ?? code, message, retryable, because, request_id, ...(ticket && { ticket }) },
		text: printable(lines.join('\n')),
	};
}

function again(retryable: boolean): string {
	return retryable ? 'The same request may work later.' : 'Asking again changes nothing.';
}

async function readDenial(path: string): Promise<Denial> {
	// A request id alone says nothing here: only an operator reads the audit log.
	if (/^req_/.test(path))
		throw new TapPassError('not_found', {
			detail: `${path}: an agent cannot read the audit log`,
			hint: 'give the denial itself, as a file or on stdin with -; an operator finds the call by its request id',
		});
	if (/^[a-z]+(?:_[a-z]+)*$/.test(path)) {
		const near = nearest(path, Object.keys(errorTable));
		throw new TapPassError('not_found', {
			detail: `no code ${path}`,
			hint: near === undefined ? 'docs/errors.md lists the codes' : `did you mean ${near}?`,
		});
	}
	const bytes = await readBounded(path, agentLimits.denialBytesMax).catch((cause: unknown) => {
		if (!(cause instanceof TapPassError) || cause.code !== 'file_unreadable' || cause.hint !== undefined) throw cause;
		const hint = 'give a code such as tool_denied, a file with the denial, or - for standard input';
		throw new TapPassError('file_unreadable', { detail: `${path} cannot be read`, hint, cause });
	});
	const said = parseJson(bytes);
	const denial = denialOf(403, said);
	if (denial === undefined)
		throw new TapPassError('schema_invalid', { detail: `${path}: not a denial`, hint: 'expected a field code' });
	const { message } = said as { readonly message?: unknown };
	return typeof message === 'string' ? { ...denial, message } : denial;
}
