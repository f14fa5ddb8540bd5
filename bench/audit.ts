/** The audit log: how fast its tiles are built and how fast anyone verifies all of it (`AUDIT_ENTRIES`, a million). */
import { logFigures } from './audit/log-figures.js';

export async function run(): Promise<Readonly<Record<string, unknown>>> {
	return { ...(await logFigures(Number(process.env['AUDIT_ENTRIES'] ?? 1_000_000))) };
}
