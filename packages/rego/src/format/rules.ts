import type { Body, Head, Location, Rule, Term } from '../ast/ast.ts';
import { relocateBody } from '../ast/relocate.ts';
import { termText } from '../ast/text.ts';
import { isGround } from '../ast/walk.ts';
import { ExprWriter } from './exprs.ts';
import { closingRow, endRow } from './layout.ts';
import { quoted } from './terms.ts';

/** Writes rules. */
export abstract class RuleWriter extends ExprWriter {
	/** Some head has a ref of more than two parts: all are written as refs then, `a.b` rather than `a["b"]`. */
	protected refHeads = false;

	protected writeRules(rules: readonly Rule[]): void {
		for (const [index, rule] of rules.entries()) {
			this.survives(() => this.commentsAt(rule.loc.row));
			this.survives(() => this.#rule(rule, false));
			const next = rules[index + 1];
			const together = next !== undefined && isOneLiner(rule) && isOneLiner(next) && next.loc.row === rule.loc.row + 1;
			if (!together) this.blankLine();
		}
	}

	#rule(rule: Rule, isElse: boolean): void {
		if (!isElse) this.startLine();
		if (rule.default) this.write('default ');
		const constant = isConstant(rule);
		this.commentOnFinalLine = constant;
		const unexpected = this.survives(() => {
			this.orRaw(
				rule.head.loc,
				() => this.#head(rule, isElse, constant),
				({ complete }) => complete || isElse || rule.chained,
			);
		});
		if (constant) {
			this.endLine();
			return;
		}
		this.commentOnFinalLine = true;
		this.write(' if');
		const body = bodyOf(rule, isElse);
		const only = body.length === 1 ? body[0]! : undefined;
		const sameLine = only !== undefined && only.loc.row === endRow(this.source, rule.head.loc) && !isSet(body);
		if (sameLine) {
			this.write(' ');
			this.survives(() => this.writeExpr(only));
			this.endLine();
		} else this.#block(rule, body, isElse, unexpected);
		if (rule.else !== undefined) this.#else(rule, rule.else);
	}

	#block(rule: Rule, body: Body, isElse: boolean, unexpected: boolean): void {
		// The comment behind a head that was written as it stood comes next, on the same line.
		const follows = unexpected && this.lineEnd === undefined && this.commentsAbove(body[0]!.loc.row).length > 0;
		if (follows) this.write(' { ');
		else {
			this.write(' {');
			this.endLine();
		}
		if (!isElse) this.markLeadingUnion(body[0]!);
		this.level++;
		this.survives(() => this.writeBody(body));
		this.survives(() => this.commentsAt(this.#bodyEnd(rule, isElse)));
		this.level--;
		this.startLine();
		this.write('}');
	}

	/** Row of the brace that closes a rule's body, as far as it can be told from the text. */
	#bodyEnd(rule: Rule, isElse: boolean): number {
		const { head, loc } = rule;
		if (!isElse && head.args !== undefined) return closingRow(this.source, loc, '{', '}', ['(', ')']);
		if (!isElse && keyOf(rule) !== undefined) return closingRow(this.source, loc, '{', '}', ['[', ']']);
		return closingRow(this.source, loc, '{', '}');
	}

	#else(rule: Rule, branch: Rule): void {
		const rows = branch.loc.row - rule.loc.row;
		const line = this.source.slice(rule.loc.offset, rule.loc.end).split('\n')[rows];
		const wasInline = rows > 0 && line !== undefined && !line.trim().startsWith('else');
		const commented = (this.comments[0]?.loc.row ?? branch.loc.row) < branch.loc.row || this.lineEnd !== undefined;
		if (!commented && wasInline) this.write(' ');
		else {
			this.blankLine();
			this.startLine();
		}
		this.survives(() => this.commentsAt(branch.loc.row));
		if (commented && !wasInline) this.startLine();
		this.#rule(branch, true);
	}

	#head(rule: Rule, isElse: boolean, constant: boolean): void {
		if (isElse) {
			this.write('else');
			const value = rule.head.value;
			if (value === undefined) {
				if (constant) this.write(' := true');
				return;
			}
			const loc = { ...value.loc, row: rule.loc.row, col: rule.loc.col };
			this.#value(rule, { ...value, loc }, constant);
			return;
		}
		const { head } = rule;
		if (this.#name(head)) return;
		if (head.args !== undefined) this.#args(head, head.args);
		if (head.contains !== undefined) {
			this.write(' contains ');
			this.last(() => this.writeTerm(head.contains!));
		} else if (head.value !== undefined) this.#value(rule, head.value, constant);
		else if (constant && (head.args === undefined || rule.body.length > 0)) this.write(' := true');
	}

	/** The name of a rule; returns true where the whole head had to be written as it stands. */
	#name(head: Head): boolean {
		if (this.refHeads || head.ref.length === 1) {
			this.writeRef(head.ref);
			return false;
		}
		const [name, key] = [head.ref[0]!, head.ref[1]!];
		if (this.comments[0]?.loc.row === key.loc.row && head.loc.end > key.loc.end) {
			this.writeRaw(head.loc);
			return true;
		}
		this.write(`${termText(name)}[${key.kind === 'string' ? quoted(key.value) : termText(key)}]`);
		return false;
	}

	#args(head: Head, args: readonly Term[]): void {
		this.write('(');
		this.writeArgs(args, head.loc);
		this.write(')');
	}

	#value(rule: Rule, value: Term, constant: boolean): void {
		const implied = value.kind === 'boolean' && value.value;
		if (implied && keyOf(rule) === undefined && !constant && !rule.default) return;
		this.write(' := ');
		this.last(() => this.writeTerm(value));
	}
}

/** Whether a rule is written without a body: it has none, or one that says no more than `true`. */
function isConstant(rule: Rule): boolean {
	if (rule.body.length === 0) return true;
	const [expr, ...more] = rule.body;
	if (rule.else !== undefined || more.length > 0 || expr!.kind !== 'term') return false;
	return expr!.term.kind === 'boolean' && expr!.term.value && !expr!.negated && expr!.with.length === 0;
}

/** What makes a rule a partial one: the term after `contains`, or the last part of `p[x]`. */
function keyOf(rule: Rule): Term | undefined {
	const { head, hasIf } = rule;
	if (head.contains !== undefined) return head.contains;
	if (head.ref.length !== 2 || head.args !== undefined || rule.default) return undefined;
	const key = head.ref[1]!;
	return !hasIf || !isGround(key) || key.kind === 'ref' ? key : undefined;
}

/** A rule on one line, which stays next to another one. */
function isOneLiner(rule: Rule): boolean {
	return rule.body.length <= 1 && !rule.default && rule.else === undefined && !isSet(rule.body);
}

function isSet(body: Body): boolean {
	const [expr] = body;
	return expr !== undefined && body.length === 1 && expr.kind === 'term' && !expr.negated && expr.term.kind === 'set';
}

/** The body, which behind an `else` without braces counts as standing where the `else` does. */
function bodyOf(rule: Rule, isElse: boolean): Body {
	if (!isElse || rule.braces !== false) return rule.body;
	const { row, col } = rule.loc;
	return relocateBody(rule.body, (loc: Location) => ({ ...loc, row, col }));
}
