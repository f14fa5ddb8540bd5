import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decide } from './decide.ts';
import { rows, stateOf } from './rows.test.support.ts';
import { caseOf, outcome, type VectorFile, vectorFile } from './vectors.test.support.ts';

const folder = `${import.meta.dirname}/../../testdata/vectors`;
const nameOf = (row: number): string => `row-${String(row).padStart(2, '0')}.json`;
// Without values from the test run: what another implementation reads.
const files = readdirSync(folder).filter((name) => name.startsWith('row-'));

describe('the test vectors', () => {
	it.each(rows)('of row $row are those that the table makes', async (row) => {
		const text = `${JSON.stringify(vectorFile(row), null, 1)}\n`;

		await expect(text).toMatchFileSnapshot(`${folder}/${nameOf(row.row)}`);
	});

	it.each(files)('%s are answered as they say', (name) => {
		const file: VectorFile = JSON.parse(readFileSync(`${folder}/${name}`, 'utf8'));
		const cases = file.cases.map((vector) => caseOf(file, vector));

		const answers = cases.map(({ start, bytes, now }) => outcome(decide(stateOf(start), bytes, now), now));

		expect(answers).toEqual(file.cases.map(({ want }) => want));
	});

	it('hold a refusal for every row, and there is no file without a row', () => {
		const refusals = rows.filter(({ cases }) => cases.some(({ want }) => !want.accept));

		expect(refusals).toHaveLength(rows.length);
		expect(files).toEqual(rows.map(({ row }) => nameOf(row)));
	});
});
