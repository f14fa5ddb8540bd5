import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

interface Entry {
	readonly summary?: string;
	readonly description?: string;
	readonly examples?: readonly string[];
	readonly flags: Readonly<Record<string, { readonly description?: string }>>;
	readonly args: Readonly<Record<string, { readonly description?: string }>>;
}

// Written by each build, from every file below commands/.
const manifest = JSON.parse(readFileSync(join(import.meta.dirname, '..', 'oclif.manifest.json'), 'utf8')) as {
	readonly commands: Readonly<Record<string, Entry>>;
};
const { oclif } = JSON.parse(readFileSync(join(import.meta.dirname, '..', 'package.json'), 'utf8')) as {
	readonly oclif: { readonly topics: Readonly<Record<string, unknown>> };
};

describe.each(Object.entries(manifest.commands))('%s', (id, command) => {
	it('says what it does, in a line and at length, and how it is used', () => {
		expect(command.summary).toMatch(/\.$/);
		expect(command.description).toMatch(/\.$/);
		expect(command.examples?.length).toBeGreaterThan(0);
	});

	it('describes every flag and argument, and speaks JSON', () => {
		for (const [name, { description }] of Object.entries({ ...command.flags, ...command.args }))
			expect(description, name).toBeTruthy();
		expect(command.flags).toHaveProperty('json');
	});

	it('takes no secret as a flag', () => {
		for (const name of Object.keys(command.flags))
			expect(name).not.toMatch(/^(?:key|token|password|passphrase|secret)$/);
	});

	it('stands in topics that are described', () => {
		const words = id.split(':').slice(0, -1);
		for (const at of words.keys()) expect(oclif.topics).toHaveProperty([words.slice(0, at + 1).join(':')]);
	});
});
