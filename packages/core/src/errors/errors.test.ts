import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { TapPassError } from './error.ts';
import { exitCode, printDiagnostic, toProblem } from './problem.ts';
import { type ErrorCode, errorTable } from './table.ts';

const page = readFileSync(new URL('../../../../docs/errors.md', import.meta.url), 'utf8');

describe('the error table', () => {
	test('and docs/errors.md name the same codes, with the same exit codes', () => {
		const rows = [...page.matchAll(/^\| `([a-z_]+)` \| (\d+) \| (\d+) \| (\S.*\S) \| (\S.*\S) \|$/gm)];
		const documented = Object.fromEntries(
			rows.map(([, code, exit, status]) => [code, { exit: Number(exit), status: Number(status) }]),
		);
		const table = Object.fromEntries(
			Object.entries(errorTable).map(([code, row]) => [code, { exit: row.exit, status: row.status }]),
		);
		expect(documented).toEqual(table);
	});

	test('never lets a caller fault and a fault of ours share an exit code', () => {
		for (const [code, row] of Object.entries(errorTable)) {
			if (row.exit === 70) expect(row.status, code).toBeGreaterThanOrEqual(500);
		}
	});

	test('calls nothing that failed verification retryable', () => {
		const refused = Object.values(errorTable).filter((row) => row.exit === 3);
		expect(refused.some((row) => row.retryable)).toBe(false);
	});
});

describe('an error', () => {
	test('becomes a problem document with its code', () => {
		const error = new TapPassError('version_rollback', {
			detail: 'got 3, have 4',
			hint: 'wait',
			fields: { sandbox_id: 'sbx_a1b2c3' },
		});
		expect(toProblem(error, '/v1/x')).toEqual({
			type: 'urn:tappass:problem:version_rollback',
			title: 'The policy is older than the one already accepted',
			status: 409,
			code: 'version_rollback',
			detail: 'got 3, have 4',
			instance: '/v1/x',
			hint: 'wait',
			sandbox_id: 'sbx_a1b2c3',
		});
		expect(exitCode(error)).toBe(3);
		expect(error.message).toBe('The policy is older than the one already accepted: got 3, have 4');
	});

	test('that is not ours says nothing of what it holds', () => {
		expect(JSON.stringify(toProblem(new Error('password=hunter2')))).not.toContain('hunter2');
		expect(exitCode(new Error('x'))).toBe(70);
	});

	test('carries diagnostics', () => {
		const diagnostics = [{ code: 'schema_invalid' as ErrorCode, message: 'm', path: '/a' }];
		expect(toProblem(new TapPassError('schema_invalid', { diagnostics })).diagnostics).toEqual(diagnostics);
	});

	test('prints a diagnostic with its place and the next step', () => {
		expect(
			printDiagnostic({ code: 'schema_invalid', message: 'bad', file: 'a.yaml', row: 3, col: 7, hint: 'try b' }),
		).toBe('a.yaml:3:7: schema_invalid: bad\n  hint: try b');
		expect(printDiagnostic({ code: 'schema_invalid', message: 'bad', path: '/a', severity: 'warning' })).toBe(
			'#/a: warning: schema_invalid: bad',
		);
		expect(printDiagnostic({ code: 'schema_invalid', message: 'bad' })).toBe('schema_invalid: bad');
	});
});
