/** The cases of Open Policy Agent's own suite. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { coreBuiltins } from '../builtins/registry.ts';
import { compileModules } from '../compile/compile.ts';
import { parseModule } from '../parse/index.ts';
import { check } from '../program.ts';
import { standardChecks } from './index.ts';

const shared = new URL('../../../../../shared/', import.meta.url);

interface CompileCase {
	readonly note: string;
	readonly modules: readonly string[];
	readonly print_statements?: boolean;
	readonly want_errors: readonly {
		readonly code: string;
		readonly row: number;
		readonly col: number;
		readonly message: string;
	}[];
	readonly exhaustive?: boolean;
}

interface EvalCase {
	readonly note: string;
	readonly modules?: readonly string[];
	readonly experimental_keywords?: readonly string[];
}

function read<T>(path: string): readonly T[] {
	return JSON.parse(readFileSync(new URL(path, shared), 'utf8')) as readonly T[];
}

describe('sources that OPA refuses', () => {
	for (const item of read<CompileCase>('rego-conformance-more/compile-errors.json')) {
		it(item.note, () => {
			const modules = item.modules.map((source, i) => ({ file: `test-${i}.rego`, source }));

			const found = check(modules, { print: item.print_statements ?? false }).map(({ code, message, loc }) => {
				return { code, row: loc?.row, col: loc?.col, message };
			});

			if (item.exhaustive === true) expect(found).toEqual(item.want_errors);
			else expect(found).toEqual(expect.arrayContaining([...item.want_errors]));
		});
	}
});

describe('sources that OPA accepts', () => {
	const directory = new URL('rego-conformance/', shared);
	const files = readdirSync(directory).filter((name) => name.endsWith('.json'));

	it('are not refused by any check', () => {
		const refused: string[] = [];
		for (const file of files) {
			for (const item of read<EvalCase>(`rego-conformance/${file}`)) {
				const experimental = item.experimental_keywords !== undefined;
				const modules = (item.modules ?? []).map((source, i) =>
					parseModule(source, `test-${i}.rego`, { experimental }),
				);
				const { program } = compileModules(modules, { builtins: coreBuiltins });
				for (const found of standardChecks().flatMap((pass) => pass(program))) {
					refused.push(`${file} ${item.note}: ${found.loc?.row}:${found.loc?.col} ${found.message}`);
				}
			}
		}

		expect(refused).toEqual([]);
	});
});
