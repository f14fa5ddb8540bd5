import { defineConfig } from 'vitest/config';

// Run by ./run alone: the programs start slowly, and each test owns a private /etc and network, so one at a time.
export default defineConfig({
	root: import.meta.dirname,
	test: {
		name: 'real-targets',
		include: ['*.test.ts'],
		testTimeout: 120_000,
		hookTimeout: 120_000,
		fileParallelism: false,
	},
});
