import type { InterpreterAspect } from '@tappass/core';
import { compileCeiling } from './ceiling.ts';
import type { CompileContext } from './context.ts';

/** Host functions and limits of code that the agent writes. */
export function compileInterpreter(context: CompileContext): InterpreterAspect {
	return {
		host_functions: context.trails.list(
			['interpreter', 'host_functions'],
			context.merged.allow['interpreter.host_functions'].items,
		),
		memory_mb: compileCeiling(context, 'interpreter.memory_mb'),
		cpu_time_ms: compileCeiling(context, 'interpreter.cpu_time_ms'),
		stack_depth: compileCeiling(context, 'interpreter.stack_depth'),
	};
}
