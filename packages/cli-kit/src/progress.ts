import { limits } from './limits.ts';
import { printable, type Terminal } from './terminal.ts';

/** Progress of long work, on stderr. */
export interface Progress {
	update(text: string): void;
	/** Clears the spinner; `text` stays as a last line when given. */
	stop(text?: string): void;
}

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/** A spinner on a terminal, a line now and then elsewhere, nothing in JSON mode. Always `stop` it. */
export function startProgress(terminal: Terminal, text: string): Progress {
	if (terminal.json) return { update: () => undefined, stop: () => undefined };
	return terminal.stderr.isTTY ? spinner(terminal, text) : lines(terminal, text);
}

function spinner(terminal: Terminal, first: string): Progress {
	let text = first;
	let frame = 0;
	const draw = (): void => {
		frame = (frame + 1) % frames.length;
		terminal.stderr.write(`\r\u001b[2K${frames[frame]} ${printable(text)}`);
	};
	// Ctrl-C ends the process at once: what comes next does not stand behind the spinner.
	const clear = (): void => terminal.stderr.write('\r\u001b[2K');
	process.once('exit', clear);
	draw();
	const timer = setInterval(draw, limits.spinnerFrameMs);
	timer.unref();
	return {
		update: (next) => {
			text = next;
		},
		stop: (last) => {
			clearInterval(timer);
			process.removeListener('exit', clear);
			clear();
			if (last !== undefined) terminal.stderr.write(`${printable(last)}\n`);
		},
	};
}

function lines(terminal: Terminal, first: string): Progress {
	let shown = performance.now();
	terminal.stderr.write(`${terminal.name}: ${printable(first)}\n`);
	return {
		update: (next) => {
			if (performance.now() - shown < limits.progressLineMs) return;
			shown = performance.now();
			terminal.stderr.write(`${terminal.name}: ${printable(next)}\n`);
		},
		stop: (last) => {
			if (last !== undefined) terminal.stderr.write(`${terminal.name}: ${printable(last)}\n`);
		},
	};
}
