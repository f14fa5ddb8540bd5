import { defineConfig } from 'vitest/config';

// Tests run from source; what they import from another package runs from that package's dist, as a user's would.
export default defineConfig({
	test: {
		projects: [
			{
				test: {
					name: 'unit',
					include: ['packages/*/src/**/*.test.ts', 'e2e/*.test.ts'],
					exclude: ['**/*.service.test.ts', '**/*.fuzz.test.ts'],
				},
			},
			{
				test: {
					name: 'service',
					include: ['packages/*/src/**/*.service.test.ts', 'e2e/**/*.service.test.ts'],
					testTimeout: 120_000,
				},
			},
			{ test: { name: 'fuzz', include: ['packages/*/src/**/*.fuzz.test.ts'], testTimeout: 3_600_000 } },
		],
		coverage: { provider: 'v8', reportsDirectory: 'coverage' },
	},
});
