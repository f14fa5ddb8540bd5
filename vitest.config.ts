import { existsSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

// Tests run from source; what they import from another package runs from that package's dist, as a user's would.
// By ending: `.service.test.ts` needs a database, a sandbox or a browser; `.long.test.ts` needs nothing but time;
// `.fuzz.test.ts` runs for as long as it is told to; `.opa.test.ts` needs a copy of Open Policy Agent's own cases beside the
// project, and bin/test says when there is none.
const opaCases = existsSync(new URL('../shared/rego-conformance', import.meta.url));

export default defineConfig({
	test: {
		// One worker for each core: what runs here is processor work, and nothing else waits for the machine.
		maxWorkers: '100%',
		projects: [
			{
				test: {
					name: 'unit',
					// What these tests touch is pure: modules are loaded once for each worker, which halves the time.
					isolate: false,
					// Properties that run on a busy machine: a bound against hanging, not a measure.
					testTimeout: 30_000,
					include: ['packages/*/src/**/*.test.ts', 'e2e/*.test.ts'],
					exclude: [
						'**/*.service.test.ts',
						'**/*.long.test.ts',
						'**/*.fuzz.test.ts',
						...(opaCases ? [] : ['**/*.opa.test.ts']),
					],
				},
			},
			{
				test: {
					name: 'long',
					include: ['packages/*/src/**/*.long.test.ts', 'e2e/*.long.test.ts'],
					testTimeout: 120_000,
					hookTimeout: 120_000,
				},
			},
			{
				test: {
					name: 'service',
					include: ['packages/*/src/**/*.service.test.ts', 'e2e/**/*.service.test.ts'],
					globalSetup: ['packages/server/src/test-support/engine-template.ts'],
					testTimeout: 120_000,
					hookTimeout: 120_000,
				},
			},
			{ test: { name: 'fuzz', include: ['packages/*/src/**/*.fuzz.test.ts'], testTimeout: 3_600_000 } },
		],
		coverage: { provider: 'v8', reportsDirectory: 'coverage' },
	},
});
