import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { getDefaultEnvironment } from '@modelcontextprotocol/sdk/client/stdio.js';
import { type Json, parseJson, TapPassError } from '@tappass/core';
import { mcpLimits } from '../limits.ts';
import type { JsonObject } from '../rpc.ts';

/** What a program is started with. */
export interface ProgramStart {
	readonly command: string;
	readonly args: readonly string[];
	/** Beside the few variables that every program needs. */
	readonly env: Readonly<Record<string, string>>;
}

/** Hears of a program. */
export interface ProgramListener {
	/** A line that was JSON. */
	readonly said: (value: Json) => void;
	/** It is over, for this reason; said once. */
	readonly ended: (why: TapPassError) => void;
}

/**
 * A program of this machine that speaks lines of JSON. It leads a process group of its own, so that whatever it starts ends
 * with it. What it prints on standard error goes nowhere: it may be anything, secrets of its own included.
 */
export class Program {
	readonly #child: ChildProcessByStdio<Writable, Readable, null>;
	readonly #listener: ProgramListener;
	#over = false;
	/** The line that has not ended yet. */
	#parts: Buffer[] = [];
	#bytes = 0;
	#strays = 0;

	private constructor({ command, args, env }: ProgramStart, listener: ProgramListener) {
		this.#listener = listener;
		this.#child = spawn(command, args, {
			env: { ...getDefaultEnvironment(), ...env },
			stdio: ['pipe', 'pipe', 'ignore'],
			detached: true,
		});
		// A pipe that breaks is a program that ends, which is heard of by itself.
		this.#child.stdin.on('error', () => {});
		this.#child.stdout.on('error', () => {});
		this.#child.stdout.on('data', (chunk: Buffer) => this.#take(chunk));
		// Not `close`: a child of the program may hold the pipe open for as long as it likes.
		this.#child.once('exit', (code, signal) => {
			this.#kill('SIGKILL');
			const how = signal === null ? `ended with code ${code}` : `was ended by ${signal}`;
			this.#end(new TapPassError('upstream_truncated', { detail: `the program ${how}` }));
		});
	}

	/** @throws {TapPassError} upstream_unreachable: it cannot be started */
	static async start(start: ProgramStart, listener: ProgramListener): Promise<Program> {
		let program: Program;
		try {
			program = new Program(start, listener);
			const child = program.#child;
			await once(child, 'spawn');
			child.on('error', () => {});
		} catch (cause) {
			const { code } = cause as NodeJS.ErrnoException;
			const why = code === 'ENOENT' ? 'there is no such program' : code === 'EACCES' ? 'it may not be run' : code;
			throw new TapPassError('upstream_unreachable', {
				detail: `the program cannot be started${why === undefined ? '' : `: ${why}`}`,
				cause,
			});
		}
		return program;
	}

	/** Tells it something. A program that does not read is cut off once too much waits for it. */
	tell(message: JsonObject): void {
		if (this.#over || !this.#child.stdin.writable) return;
		this.#child.stdin.write(`${JSON.stringify(message)}\n`);
		if (this.#child.stdin.writableLength > mcpLimits.unreadBytesMax) this.#cut('it does not read what it is told');
	}

	/** Ends it: its input first, as the protocol says, then by force; and whatever it has started. */
	async close(): Promise<void> {
		const child = this.#child;
		const isOver = (): boolean => child.exitCode !== null || child.signalCode !== null;
		if (child.pid === undefined || isOver()) return;
		const exit = once(child, 'exit');
		child.stdin.end();
		for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
			const cancel = new AbortController();
			await Promise.race([exit, wait(mcpLimits.programEndMs, undefined, cancel).catch(() => {})]);
			cancel.abort();
			if (isOver()) return;
			this.#kill(signal);
		}
		await exit;
	}

	#take(chunk: Buffer): void {
		let from = 0;
		for (let end = chunk.indexOf(10); end >= 0 && !this.#over; end = chunk.indexOf(10, from)) {
			this.#line(Buffer.concat([...this.#parts, chunk.subarray(from, end)]));
			this.#parts = [];
			this.#bytes = 0;
			from = end + 1;
		}
		if (this.#over) return;
		this.#parts.push(chunk.subarray(from));
		this.#bytes += chunk.length - from;
		if (this.#bytes > mcpLimits.messageBytesMax)
			this.#cut(`it says more than ${mcpLimits.messageBytesMax} bytes in one line`);
	}

	#line(line: Buffer): void {
		const text = line.at(-1) === 13 ? line.subarray(0, -1) : line;
		if (text.length === 0) return;
		// Programs print greetings and warnings where only messages belong; that is borne for a while.
		if (text[0] !== 123) this.#stray();
		else {
			const value = readLine(text);
			// It may have been an answer, and whoever waits for it must not wait for ever.
			if (value === undefined) this.#cut('it says what is no strict JSON');
			else this.#listener.said(value);
		}
	}

	#stray(): void {
		this.#strays += 1;
		if (this.#strays > mcpLimits.strayLinesMax) this.#cut('it prints what is no JSON-RPC on its standard output');
	}

	/** Ends a program that cannot be spoken with. */
	#cut(detail: string): void {
		this.#end(new TapPassError('upstream_malformed', { detail }));
		this.#kill('SIGKILL');
	}

	#end(why: TapPassError): void {
		if (this.#over) return;
		this.#over = true;
		this.#parts = [];
		this.#child.stdout.destroy();
		this.#listener.ended(why);
	}

	/** The program and all of its group. */
	#kill(signal: NodeJS.Signals): void {
		const { pid } = this.#child;
		if (pid === undefined) return;
		try {
			process.kill(-pid, signal);
		} catch {
			// Nobody of the group is left.
		}
	}
}

function readLine(text: Buffer): Json | undefined {
	try {
		return parseJson(text, { bytesMax: mcpLimits.messageBytesMax });
	} catch {
		// The caller ends the program, which says more than why its line could not be read.
		return undefined;
	}
}
