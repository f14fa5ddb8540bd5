import { describe, expect, it } from 'vitest';
import { compiled, policy } from '../small-library.test.data.ts';
import { preview } from './preview.ts';

describe('a preview', () => {
	it('leaves out steps that nobody enables, and says what stays closed', () => {
		const { sections, warnings } = preview(compiled({}));

		expect(sections.map(({ title }) => title)).not.toContain('Steps');
		expect(warnings).toContain('no level states tools.allow, so no tool may be called');
	});
	it('shows every value in force with its trail', () => {
		const { sections } = preview(
			compiled({ categories: ['customer_pii'], org: [policy('o.rego', 'tools.allow contains "mail.*"')] }),
		);

		const values = Object.fromEntries(sections.map(({ title, trails }) => [title, trails.map(({ value }) => value)]));
		expect(values).toMatchObject({ Steps: ['detect_pii (block)'], 'Tools allowed': ['mail.* (tools.allow)'] });
		expect(sections.every(({ trails }) => trails.every(({ chains }) => chains.length > 0))).toBe(true);
	});
});
