/** An operator's builtin: its name, how it is written, how many operands it takes. */
export interface Operator {
	readonly name: string;
	readonly infix: string;
	readonly arity: number;
}

/** The builtins that have an operator, by name. A call under such a name, however written, is printed infix. */
export const operators: ReadonlyMap<string, Operator> = new Map(
	(
		[
			['eq', '='],
			['assign', ':='],
			['equal', '=='],
			['neq', '!='],
			['lt', '<'],
			['lte', '<='],
			['gt', '>'],
			['gte', '>='],
			['plus', '+'],
			['minus', '-'],
			['mul', '*'],
			['div', '/'],
			['rem', '%'],
			['and', '&'],
			['or', '|'],
			['internal.member_2', 'in'],
		] as const
	)
		.map(([name, infix]): [string, Operator] => [name, { name, infix, arity: 2 }])
		.concat([['internal.member_3', { name: 'internal.member_3', infix: 'in', arity: 3 }]]),
);
