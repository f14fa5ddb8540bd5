import { expect, test } from 'vitest';
import { type ObjectValue, objectGet } from '../value/index.ts';
import { caller } from './calling.test.support.ts';
import { randBuiltins } from './rand.ts';
import { uuidBuiltins } from './uuid.ts';

const call = caller([...uuidBuiltins, ...randBuiltins]);

test.each(['', 'x', '00000000-0000-4000-8000-00000000000', '00000000x0000-4000-8000-000000000000', 'urn:uuid:0'])(
	'uuid.parse has no answer for %j',
	(text) => {
		expect(call('uuid.parse', text)).toBeUndefined();
	},
);

test('uuid.parse refuses what is no string', () => {
	expect(() => call('uuid.parse', 1)).toThrow('operand 1 must be string but got number');
});

test('uuid.parse reads time and node of version 2, and every spelling', () => {
	const parsed = call('uuid.parse', 'URN:UUID:000003e8-48b9-21ee-b200-325096b39f47') as ObjectValue;
	const fields = {
		version: 2,
		variant: 'RFC4122',
		time: 1_693_566_990_121_469_600n,
		nodeid: '32-50-96-b3-9f-47',
		macvariables: 'local:unicast',
		clocksequence: 12_800,
		id: 1000,
		domain: 'Person',
	};
	for (const [name, value] of Object.entries(fields)) expect(objectGet(parsed, name), name).toBe(value);
	for (const text of ['{00000000-0000-4000-8000-000000000000}', '00000000000040008000000000000000']) {
		expect(objectGet(call('uuid.parse', text) as ObjectValue, 'version')).toBe(4);
	}
});

test('uuid.rfc4122 makes version 4, one for each argument', () => {
	const made = call('uuid.rfc4122', 'a');

	expect(made).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
	expect(call('uuid.rfc4122', 'a')).toBe(made);
	expect(call('uuid.rfc4122', 'b')).not.toBe(made);
});

test('rand.intn refuses a bound that is no integer', () => {
	expect(() => call('rand.intn', 'a', 1.5)).toThrow('operand 2 must be integer number but got floating-point number');
	expect(() => call('rand.intn', 1, 1)).toThrow('operand 1 must be string but got number');
});

test('rand.intn stays below its bound and is the same for the same arguments', () => {
	expect(call('rand.intn', 'a', 0)).toBe(0);
	expect(call('rand.intn', 'a', 1)).toBe(0);
	for (let n = 2; n < 50; n += 1) {
		const drawn = call('rand.intn', 'k', -n) as number;
		expect(drawn).toBeGreaterThanOrEqual(0);
		expect(drawn).toBeLessThan(n);
		expect(call('rand.intn', 'k', n)).toBe(drawn);
	}
});
