import { doorLimits } from '../door-limits.ts';
import { malformed } from './judge.ts';

/** What was held back of one tool call, to be told anew when its arguments changed. */
export interface HeldCall {
	name: string;
	args: string;
	/** A piece was cut inside a character: its pieces are not passed on as they came. */
	cut: boolean;
	/** What its pieces, in order, are once it was judged. Undefined: not judged yet. */
	released: string | undefined;
}

/** Text that may go out, or a piece that is rendered when its tool call has been judged. */
type Piece = string | (() => string);

/**
 * Keeps the order of a stream while tool calls are held: from the first piece of a call on, everything waits until no call
 * is undecided.
 */
export class HeldOrder {
	#pieces: Piece[] = [];
	#length = 0;
	undecided = 0;

	/** Whether what comes now must wait: for a call that is undecided, or for what waits already. */
	get holding(): boolean {
		return this.undecided > 0 || this.#pieces.length > 0;
	}

	/** Holds a piece whose text is known only later. */
	later(render: () => string, length: number): void {
		this.#count(length);
		this.#pieces.push(render);
	}

	/** Lets text out, or puts it in line behind what is held. Answers what may go out now. */
	pass(text: string): string {
		if (!this.holding) return text;
		this.#count(text.length);
		this.#pieces.push(text);
		return '';
	}

	/** Everything that waited, once nothing is undecided. */
	flush(): string {
		if (this.undecided > 0) return '';
		const text = this.#pieces.map((piece) => (typeof piece === 'string' ? piece : piece())).join('');
		this.#pieces = [];
		this.#length = 0;
		return text;
	}

	/** Lets go of what waits: its calls never came to an end. */
	drop(): void {
		this.#pieces = [];
		this.undecided = 0;
	}

	#count(length: number): void {
		this.#length += length;
		if (this.#length > doorLimits.heldLengthMax) throw malformed('tool calls are larger than any honest one');
	}
}
