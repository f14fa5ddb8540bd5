/**
 * The audit log: how fast its tiles are built and anyone verifies all of it (`AUDIT_ENTRIES`, a million), and how fast
 * events are acknowledged.
 */
import { logFigures } from './audit/log-figures.js';
import { run as appendFigures } from './audit-append.js';

export async function run(): Promise<Readonly<Record<string, unknown>>> {
	return { ...(await logFigures(Number(process.env['AUDIT_ENTRIES'] ?? 1_000_000))), append: await appendFigures() };
}
