/** A lowered program with the code of its documents, built as they are first needed. */
import type { LBody, LExpr, LProgram, LQuery, LTerm, RuleGroup } from '../compile/lowered.ts';
import { closuresOf } from '../compile/safety.ts';
import { Coder } from './coder.ts';
import { DocumentCode } from './documents.ts';
import { bodyRun } from './expressions.ts';
import type { Frame, Machine } from './machine.ts';

/** Code of one program. Holds nothing of any evaluation, so it serves all of them. */
export class Executable {
	readonly program: LProgram;
	/** Built with the hooks of `Instrument`. */
	readonly instrumented: boolean;
	/** Names of functions that some `with` replaces: calls of all others do not look. */
	readonly mocked: ReadonlySet<string>;
	readonly #documents: (DocumentCode | undefined)[] = [];

	constructor(program: LProgram, instrumented: boolean, mocked: ReadonlySet<string> = mockedIn(program)) {
		this.program = program;
		this.instrumented = instrumented;
		this.mocked = mocked;
	}

	/** The code of a group. */
	document(group: RuleGroup): DocumentCode {
		let code = this.#documents[group.id];
		if (code === undefined) {
			code = new DocumentCode(this, group);
			this.#documents[group.id] = code;
		}
		return code;
	}

	/** Builds a query: `found` is called with the frame at each solution, and may stop by returning true. */
	query(query: LQuery, found: (m: Machine, f: Frame) => boolean): (m: Machine) => void {
		const coder = new Coder(this, undefined, query.locals.length);
		const run = bodyRun(coder, query.body, () => found);
		return (m) => {
			const f: Frame = new Array(coder.frameSize).fill(undefined);
			run(m, f);
		};
	}
}

/** Names of functions that `with` replaces anywhere in a program. */
export function mockedIn(program: LProgram): Set<string> {
	const names = new Set<string>();
	for (const rule of program.rules) mockedInBody(rule.body, names);
	return names;
}

/** Names of functions that `with` replaces in a body. */
export function mockedInBody(body: LBody, names: Set<string>): void {
	const visit = (expr: LExpr): void => {
		for (const { target } of expr.with) {
			if (target.kind !== 'function') continue;
			const { callee } = target;
			const name = callee.kind === 'builtin' ? callee.name : callee.group?.name;
			if (name !== undefined) names.add(name);
		}
		if (expr.kind === 'not' && !expr.closure) for (const inner of expr.body.exprs) visit(inner);
		for (const closure of closuresOf(expr)) mockedInBody(closure.body, names);
	};
	for (const expr of body.exprs) visit(expr);
}

export type { LTerm };
