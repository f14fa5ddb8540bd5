import type { BudgetAspect } from '@tappass/core';
import { compileCeiling } from './ceiling.ts';
import type { CompileContext } from './context.ts';

/** Tokens, money and calls. */
export function compileBudget(context: CompileContext): BudgetAspect {
	return {
		tokens_per_day: compileCeiling(context, 'budget.tokens_per_day'),
		dollars_per_month: compileCeiling(context, 'budget.dollars_per_month'),
		tool_calls_per_minute: compileCeiling(context, 'budget.tool_calls_per_minute'),
	};
}
