import type { Value } from '../value/index.ts';
import type { Builtin, BuiltinContext } from './builtin.ts';

/** What calls made by `caller` see: a fixed time, counting bytes for randomness, and no budget. */
export function testContext(overrides: Partial<BuiltinContext> = {}): BuiltinContext {
	let drawn = 0;
	return {
		nowNs: 1_700_000_000_000_000_000n,
		randomBytes: (size) => Uint8Array.from({ length: size }, () => drawn++ & 0xff),
		memo: new Map(),
		spend: () => {},
		location: 'test.rego:1',
		...overrides,
	};
}

/** Calls builtins by name, each call in one evaluation. */
export function caller(
	builtins: readonly Builtin[],
	context: BuiltinContext = testContext(),
): (name: string, ...args: readonly Value[]) => Value | undefined {
	const byName = new Map(builtins.map((builtin) => [builtin.name, builtin]));
	return (name, ...args) => byName.get(name)!.run(args, context);
}
