import { describe, expect, it } from 'vitest';
import { file, smallLibrary } from '../small-library.test.data.ts';
import { catalogWith } from './catalog-with.ts';

function extend(text: string, agent: string | null = null) {
	const { catalog, diagnostics } = catalogWith(smallLibrary, [file('tools.yaml', text)], agent);
	return {
		facts: (name: string) => catalog.tools.get(name)?.facts,
		faults: diagnostics.map(
			({ row, col, code, message, hint }) =>
				`${row}:${col} ${code} ${message}${hint === undefined ? '' : ` | ${hint}`}`,
		),
	};
}

describe("a tenant's tools", () => {
	it('refuses to loosen a tool for one agent, in every way there is', () => {
		const { faults, facts } = extend(
			`tools:
  mail.send:
    agents:
      bot: { capabilities: [-external_messaging] }
      bat: { capabilities: [internal_messaging] }
      cat: { slots: { destination_param: subject } }
  wiki.delete_page:
    agents: { bot: { effect: read } }
`,
			'bot',
		);

		expect(faults.map((fault) => fault.split(' | ')[0])).toEqual([
			'4:29 policy_contradiction -external_messaging would loosen mail.send for one agent',
			'5:28 policy_contradiction the list leaves out external_messaging and would loosen mail.send for one agent',
			'6:42 policy_contradiction destination_param of mail.send is to; pointing it elsewhere would take constraints off it',
			'8:30 policy_contradiction read is weaker than delete, the effect of wiki.delete_page',
		]);
		expect(facts('mail.send')?.capabilities).toContain('external_messaging');
	});
	it('refuses to redefine a tool of the catalog in place, which could take a forbidden capability off it', () => {
		expect(extend('tools:\n  shell.run: { capabilities: [] }\n').faults[0]).toContain(
			'shell.run is in the catalog and cannot be redefined',
		);
		expect(
			extend('tools:\n  shell.run: { extends: shell.run, capabilities: [-code_execution] }\n').faults[0],
		).toContain('cannot be redefined');
	});
	it('refuses unknown tools, unknown capabilities, capabilities that are not there, and circles', () => {
		expect(extend('tools:\n  x: { extends: mail.sent }\n').faults[0]).toContain('did you mean mail.send?');
		expect(extend('tools:\n  x: { capabilities: [externl_messaging] }\n').faults[0]).toContain(
			'did you mean external_messaging?',
		);
		expect(extend('tools:\n  x: { extends: mail.send, capabilities: [-refund] }\n').faults[0]).toContain(
			'mail.send does not have refund',
		);
		expect(extend('tools:\n  x: { extends: y }\n  y: { extends: x }\n').faults.join()).toContain('in a circle');
		expect(extend('tools:\n  x: { capabilities: [+refund] }\n').faults[0]).toContain('add extends');
	});
	it('adds a new tool (A); without an effect it counts as write and says so', () => {
		const { facts, faults } = extend(
			'tools:\n  acme_dispatch_email:\n    capabilities: [external_messaging]\n    slots: { destination_param: recipient, content_param: payload }\n',
		);

		expect(facts('acme_dispatch_email')).toEqual({
			name: 'acme_dispatch_email',
			capabilities: ['external_messaging'],
			slots: { content_param: 'payload', destination_param: 'recipient' },
			effect: 'write',
		});
		expect(faults).toEqual([
			'2:3 schema_invalid acme_dispatch_email does not say its effect and counts as write | add effect: read, write or delete',
		]);
	});
	it('extends a known tool under a new name (B)', () => {
		const { facts, faults } = extend(
			'tools:\n  acme_internal_mail:\n    extends: mail.send\n    capabilities: [-external_messaging, +internal_messaging]\n',
		);

		expect(faults).toEqual([]);
		expect(facts('acme_internal_mail')).toMatchObject({
			capabilities: ['internal_messaging'],
			slots: { destination_param: 'to' },
			effect: 'write',
		});
		expect(facts('mail.send')?.capabilities).toEqual(['external_messaging']);
	});
	it('tightens a tool for one agent and for no other (C)', () => {
		const text =
			'tools:\n  wiki.get_page:\n    agents: { bot: { capabilities: [+external_messaging], effect: write, slots: { id_param: id } } }\n';

		expect(extend(text, 'bot').facts('wiki.get_page')).toMatchObject({
			capabilities: ['external_messaging'],
			effect: 'write',
			slots: { id_param: 'id' },
		});
		expect(extend(text, 'other').facts('wiki.get_page')).toMatchObject({ capabilities: [], effect: 'read', slots: {} });
	});
});
