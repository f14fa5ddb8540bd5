import { expect, it } from 'vitest';
import { readAgent } from './barrier-subject.ts';
import { readFacts } from './tool-facts.ts';

const usage = expect.objectContaining({ code: 'usage' });

it.each(['recipient', '=to', 'recipient=', 'Recipient=to', 'recipient=to me'])('takes %j for no slot', (slot) => {
	expect(() => readFacts({ slot: [slot] })).toThrow(usage);
});

it('takes a slot once', () => {
	expect(() => readFacts({ slot: ['a=x', 'a=y'] })).toThrow(usage);
});

it('says what was given, and nothing of the rest', () => {
	expect(readFacts({})).toEqual({});
	expect(
		readFacts({ effect: 'write', capability: ['send_email'], slot: ['recipient=message.to', '__proto__=x'] }),
	).toEqual({
		effect: 'write',
		capabilities: ['send_email'],
		slots: Object.fromEntries([
			['recipient', 'message.to'],
			['__proto__', 'x'],
		]),
	});
});

it.each(['', 'desk', '/clerk', 'desk/', 'a/b/c'])('takes %j for no agent', (text) => {
	expect(() => readAgent(text)).toThrow(usage);
});

it('reads an agent as a person writes it', () => {
	expect(readAgent('desk/clerk')).toEqual({ project: 'desk', agent: 'clerk' });
});
