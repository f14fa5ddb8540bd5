import type { Comment, Location } from '../ast/ast.ts';
import { countNewlines } from './layout.ts';

/**
 * Thrown where a comment would have to share a line with another, or stands inside of what is written on one line.
 * Whoever catches it writes the source text as it is. Never leaves the formatter.
 */
export class UnexpectedComment {
	readonly comment: Comment;
	/** Whether all that was to be written is, so that only the comment is still in want of a place. */
	complete = false;

	constructor(comment: Comment) {
		this.comment = comment;
	}
}

/** The text written so far, the indentation, and the comments still to be written, by row. */
export class Output {
	protected readonly source: string;
	protected text = '';
	protected level = 0;
	/** Whether something stands on the current line already. */
	protected inline = false;
	/** To be written at the end of the current line. */
	protected lineEnd: Comment | undefined;
	/** Keeps `lineEnd` for the line after this one. */
	protected delayed = false;
	protected comments: readonly Comment[];
	/** Whether the comment on the last line of raw text is written behind it. */
	protected commentOnFinalLine = false;

	constructor(source: string, comments: readonly Comment[]) {
		this.source = source;
		this.comments = comments;
	}

	protected write(text: string): void {
		this.text += text;
	}

	protected startLine(): void {
		this.inline = true;
		this.write('\t'.repeat(this.level));
	}

	protected endLine(): void {
		this.inline = false;
		if (this.lineEnd !== undefined && !this.delayed) {
			this.write(` ${commentText(this.lineEnd)}`);
			this.lineEnd = undefined;
		}
		this.delayed = false;
		this.write('\n');
	}

	protected blankLine(): void {
		if (this.inline) this.endLine();
		this.write('\n');
	}

	protected writeLine(text: string): void {
		if (!this.inline) this.startLine();
		this.write(text);
		this.endLine();
	}

	/** Writes the comments above `row`, and keeps one on that row for the end of the line. */
	protected commentsAt(row: number): void {
		const { before, at } = this.takeComments(row);
		this.writeComments(before);
		if (before.length > 0 && row - before.at(-1)!.loc.row > 1) this.blankLine();
		if (at === undefined) return;
		if (this.lineEnd !== undefined) {
			this.comments = [at, ...this.comments];
			throw new UnexpectedComment(at);
		}
		this.lineEnd = at;
	}

	/** Takes the comments above `row` and the one on it off those still to be written. */
	protected takeComments(row: number): { readonly before: readonly Comment[]; readonly at: Comment | undefined } {
		const first = this.comments[0];
		if (first === undefined || first.loc.row > row) return { before: [], at: undefined };
		let count = 0;
		while (count < this.comments.length && this.comments[count]!.loc.row < row) count++;
		const before = this.comments.slice(0, count);
		const at = this.comments[count]?.loc.row === row ? this.comments[count] : undefined;
		this.comments = this.comments.slice(at === undefined ? count : count + 1);
		return { before, at };
	}

	/** The comments above `row`, without taking them. */
	protected commentsAbove(row: number): readonly Comment[] {
		return this.comments.filter((comment) => comment.loc.row < row);
	}

	protected writeComments(comments: readonly Comment[]): void {
		let inMetadata = false;
		for (const [index, comment] of comments.entries()) {
			const previous = comments[index - 1];
			const metadata = comment.text.trim().startsWith('METADATA');
			if (previous !== undefined) {
				const rows = comment.loc.row - previous.loc.row;
				if (rows > 1) {
					this.blankLine();
					inMetadata = false;
				} else if (inMetadata && metadata) this.blankLine();
			}
			if (metadata) inMetadata = true;
			this.writeLine(commentText(comment));
		}
	}

	/** Writes the source text as it stands, and drops the comments that it holds. */
	protected writeRaw(loc: Location): void {
		const raw = this.source.slice(loc.offset, loc.end);
		this.write(raw);
		this.inline = true;
		this.delayed = false;
		if (this.lineEnd !== undefined && holds(loc, this.lineEnd)) this.lineEnd = undefined;
		const last = loc.row + countNewlines(this.source, loc.offset, loc.end);
		this.comments = this.comments.filter((comment) => {
			if (holds(loc, comment)) return false;
			if (comment.loc.row !== last || !this.commentOnFinalLine || this.lineEnd !== undefined) return true;
			this.lineEnd = comment;
			return false;
		});
	}

	/**
	 * Runs `write`; where a comment is in the way, takes back what was written and writes the source text of `loc` as
	 * it stands, then lets the reason pass on.
	 *
	 * @param keep whether what was written may stay after all
	 */
	protected orRaw(loc: Location, write: () => void, keep?: (reason: UnexpectedComment) => boolean): void {
		const { text, level, comments, lineEnd } = this;
		try {
			write();
		} catch (reason) {
			if (!(reason instanceof UnexpectedComment)) throw reason;
			if (keep?.(reason)) throw reason;
			this.text = text;
			this.level = level;
			this.comments = comments;
			this.lineEnd = lineEnd;
			this.writeRaw(loc);
			reason.complete = false;
			throw reason;
		}
	}

	/** Runs `write`, the last of what is to be written: where a comment is in the way, all is written nonetheless. */
	protected last(write: () => void): void {
		this.caught(write, (reason) => {
			reason.complete = true;
			throw reason;
		});
	}

	/** Runs `write`; returns true where a comment was in the way (and the raw text was written instead). */
	protected survives(write: () => void): boolean {
		let survived = false;
		this.caught(write, () => {
			survived = true;
		});
		return survived;
	}

	/** Runs `write` and goes on where only a comment found no place; what is not complete passes on. */
	protected completes(write: () => void): void {
		this.caught(write, (reason) => {
			if (!reason.complete) throw reason;
		});
	}

	/** Runs `write`, which parentheses surround: where a comment is in the way, they go with what they surround. */
	protected whole(write: () => void): void {
		this.caught(write, (reason) => {
			reason.complete = false;
			throw reason;
		});
	}

	protected caught(write: () => void, found: (reason: UnexpectedComment) => void): void {
		try {
			write();
		} catch (reason) {
			if (!(reason instanceof UnexpectedComment)) throw reason;
			found(reason);
		}
	}
}

/** Whether a comment stands inside of a node's text. */
function holds(loc: Location, comment: Comment): boolean {
	return comment.loc.offset >= loc.offset && comment.loc.offset < loc.end;
}

/** A comment as it is written: without blanks at its end. */
export function commentText(comment: Comment): string {
	return `#${comment.text.trimEnd()}`;
}
