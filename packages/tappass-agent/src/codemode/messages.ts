/** What an interpreter's process is told first. */
export interface CodeTask {
	readonly kind: 'task';
	readonly code: string;
	readonly host_functions: readonly string[];
	readonly memory_mb: number;
	readonly cpu_time_ms: number;
	readonly stack_depth: number;
	readonly printed_max: number;
	readonly value_bytes_max: number;
}

/** From the interpreter: it is loaded, waits for a host function, or has ended. */
export type FromInterpreter =
	| { readonly kind: 'ready' }
	/** The optional peer is not installed. */
	| { readonly kind: 'missing' }
	| {
			readonly kind: 'call';
			readonly name: string;
			readonly args: readonly unknown[];
			readonly kwargs: Readonly<Record<string, unknown>>;
	  }
	| { readonly kind: 'done'; readonly value: unknown; readonly printed: string }
	| { readonly kind: 'failed'; readonly type: string; readonly message: string; readonly printed: string };

/** To the interpreter: what the host function gave. */
export type ToInterpreter =
	| { readonly kind: 'value'; readonly value: unknown }
	| { readonly kind: 'exception'; readonly type: string; readonly message: string };
