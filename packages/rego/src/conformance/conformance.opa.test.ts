import * as nodeCrypto from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { cryptoBuiltins } from '../crypto/index.ts';
import { readCases } from './cases.ts';
import { runCases } from './run.ts';

const suite = fileURLToPath(new URL('../../../../../shared/rego-conformance', import.meta.url));

test("every case of OPA's compliance suite passes, but for builtins that are not offered", () => {
	const report = runCases(readCases(suite), {
		builtins: cryptoBuiltins(nodeCrypto),
		nowNs: () => BigInt(Date.now()) * 1_000_000n,
		randomBytes: (size) => nodeCrypto.randomBytes(size),
		sleepMs: () => {},
	});

	expect(report.failures).toEqual([]);
	expect(report.total).toBeGreaterThan(1_500);
	expect(report.passed / report.total).toBeGreaterThan(0.85);
});
