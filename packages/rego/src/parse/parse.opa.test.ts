import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'vitest';
import { parseModule, parseQuery, parseTermText } from './index.ts';

const suite = new URL('../../../../../shared/rego-conformance/', import.meta.url);
const files = readdirSync(suite).filter((file) => file.endsWith('.json'));

describe('the conformance suite', () => {
	it.each(files)('%s parses', (file) => {
		for (const { modules, query: asked, input_term, experimental_keywords } of JSON.parse(
			readFileSync(new URL(file, suite), 'utf8'),
		)) {
			const experimental = experimental_keywords === true;
			for (const module of modules ?? []) parseModule(module, 'test.rego', { experimental });
			parseQuery(asked);
			if (input_term !== undefined) parseTermText(input_term);
		}
	});
});
