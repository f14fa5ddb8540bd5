#!/usr/bin/env node
/**
 * Runs a directory of cases in the format of OPA's compliance suite: `main.js <directory> [--json]`.
 * Exit 0: all pass or are unsupported; 1: some fail; 2: wrong arguments, or cases that cannot be read.
 */
import * as nodeCrypto from 'node:crypto';
import { cryptoBuiltins } from '../crypto/index.ts';
import { readCases } from './cases.ts';
import { type Report, runCases, type Surroundings } from './run.ts';

process.exitCode = main(process.argv.slice(2));

function main(args: readonly string[]): number {
	const flags = args.filter((arg) => arg.startsWith('-'));
	const [directory, ...others] = args.filter((arg) => !arg.startsWith('-'));
	if (directory === undefined || others.length > 0 || flags.some((flag) => flag !== '--json')) {
		process.stderr.write('usage: main.js <directory> [--json]\n');
		return 2;
	}
	let report: Report;
	try {
		report = runCases(readCases(directory), surroundings());
	} catch (error) {
		process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
		return 2;
	}
	const { total, passed, failed, unsupported, failures } = report;
	process.stdout.write(
		flags.length > 0
			? `${JSON.stringify({ total, passed, failed, unsupported, failures }, undefined, 2)}\n`
			: summary(report),
	);
	return failed > 0 ? 1 : 0;
}

function surroundings(): Surroundings {
	const held = new Int32Array(new SharedArrayBuffer(4));
	return {
		builtins: cryptoBuiltins(nodeCrypto),
		nowNs: () => BigInt(Date.now()) * 1_000_000n,
		randomBytes: (size) => nodeCrypto.randomBytes(size),
		sleepMs: (milliseconds) => {
			Atomics.wait(held, 0, 0, milliseconds);
		},
	};
}

function summary(report: Report): string {
	const lines = report.categories.map(({ category, total, passed, failed, unsupported, needs }) => {
		const notes = [
			failed > 0 ? `${failed} failed` : '',
			unsupported > 0 ? `${unsupported} unsupported (${needs.join(', ')})` : '',
		].filter((note) => note !== '');
		return `${category.padEnd(40)} ${String(passed).padStart(4)}/${String(total).padEnd(4)} ${notes.join(', ')}`.trimEnd();
	});
	for (const { category, index, note, reason } of report.failures) {
		lines.push('', `FAIL ${category}[${index}] ${note}`, `  ${reason.slice(0, 2_000)}`);
	}
	const { total, passed, failed, unsupported } = report;
	lines.push('', `${total} cases: ${passed} passed, ${failed} failed, ${unsupported} unsupported`);
	return `${lines.join('\n')}\n`;
}
