import { type Json, TapPassError } from '@tappass/core';
import type { McpServer } from '../../ports.ts';
import { mcpLimits } from '../limits.ts';
import { statelessRevision } from '../revisions.ts';
import {
	answerTo,
	isObject,
	type JsonObject,
	notification,
	type RpcAnswer,
	type RpcId,
	readMessage,
	request,
	rpcCodes,
	rpcError,
} from '../rpc.ts';
import { type Connection, clientInfo, type Exchange, isToAll, lonely, type SaidToAll, withMeta } from './connection.ts';
import { Program } from './program.ts';

interface Waiting {
	readonly exchange: Exchange;
	readonly resolve: (answer: RpcAnswer) => void;
	readonly reject: (error: TapPassError) => void;
}

/**
 * A server that is a program of this machine, over its standard input and output. It gets the variables it was registered
 * with and the few that every program needs, and none of ours.
 */
export class StdioConnection implements Connection {
	readonly #waiting = new Map<RpcId, Waiting>();
	readonly #said: SaidToAll;
	/** Requests that were given up, and that the program may be at work on still. */
	readonly #givenUp = new Set<RpcId>();
	#program: Program | undefined;
	#ids = 0;
	#over: TapPassError | undefined;
	stateless = false;
	capabilities: JsonObject = {};
	instructions: string | undefined;

	private constructor(said: SaidToAll) {
		this.#said = said;
	}

	static async open(
		transport: Extract<McpServer['transport'], { kind: 'stdio' }>,
		env: Readonly<Record<string, string>>,
		said: SaidToAll,
	): Promise<StdioConnection> {
		const { command, args } = transport;
		const connection = new StdioConnection(said);
		connection.#program = await Program.start(
			{ command, args, env },
			{ said: (value) => connection.#take(value), ended: (why) => connection.#end(why) },
		);
		try {
			await connection.#greet();
			return connection;
		} catch (error) {
			await connection.close();
			throw error;
		}
	}

	readonly alive = (): boolean => this.#over === undefined;

	readonly request = (method: string, params: JsonObject, exchange: Exchange): Promise<RpcAnswer> => {
		if (this.#over !== undefined)
			return Promise.reject(new TapPassError('upstream_unreachable', { detail: 'the program has ended' }));
		const id = ++this.#ids;
		const timeout = AbortSignal.timeout(mcpLimits.requestMs);
		const signal = AbortSignal.any([exchange.signal, timeout]);
		return new Promise<RpcAnswer>((resolve, reject) => {
			const giveUp = (): void => {
				this.#tell(notification('notifications/cancelled', { requestId: id }));
				this.#givenUp.add(id);
				const late = timeout.aborted || isTimeout(exchange.signal);
				const detail = `the program did not answer ${method} in time`;
				waiting.reject(
					late ? new TapPassError('upstream_timeout', { detail }) : new TapPassError('upstream_truncated'),
				);
				// A program that answers none of them is started anew: whoever waits is told.
				if (this.#givenUp.size > mcpLimits.givenUpMax) this.close().catch(() => {});
			};
			const done = (): void => {
				this.#waiting.delete(id);
				signal.removeEventListener('abort', giveUp);
			};
			const waiting: Waiting = {
				exchange,
				resolve: (answer) => {
					done();
					resolve(answer);
				},
				reject: (error) => {
					done();
					reject(error);
				},
			};
			this.#waiting.set(id, waiting);
			signal.addEventListener('abort', giveUp, { once: true });
			if (signal.aborted) giveUp();
			else this.#tell(request(id, method, this.stateless ? withMeta(params, exchange.capabilities) : params));
		});
	};

	readonly close = async (): Promise<void> => {
		this.#end(new TapPassError('upstream_truncated', { detail: 'the connection was closed' }));
		await this.#program?.close();
	};

	async #greet(): Promise<void> {
		const exchange = lonely(AbortSignal.timeout(mcpLimits.connectMs));
		const capabilities = { elicitation: { form: {}, url: {} }, roots: {}, sampling: {} };
		const answer = await this.request(
			'initialize',
			{ protocolVersion: '2025-11-25', capabilities, clientInfo },
			exchange,
		);
		if (answer.kind === 'error') return this.#discover();
		const { capabilities: offered, instructions } = answer.result;
		this.capabilities = isObject(offered) ? offered : {};
		this.instructions = typeof instructions === 'string' ? instructions : undefined;
		this.#tell(notification('notifications/initialized', {}));
	}

	/** A program that knows no `initialize` is one of the stateless revision, or none. */
	async #discover(): Promise<void> {
		this.stateless = true;
		const found = await this.request('server/discover', {}, lonely(AbortSignal.timeout(mcpLimits.connectMs)));
		const versions = found.kind === 'result' ? found.result['supportedVersions'] : undefined;
		if (found.kind === 'error' || !Array.isArray(versions) || !versions.includes(statelessRevision))
			throw new TapPassError('upstream_malformed', { detail: 'it speaks no revision that is spoken here' });
		this.capabilities = isObject(found.result['capabilities']) ? found.result['capabilities'] : {};
	}

	#take(value: Json): void {
		const message = readMessage(value);
		if (message === undefined) return;
		const exchange = this.#only();
		if (message.kind === 'answer') {
			this.#givenUp.delete(message.id);
			this.#waiting.get(message.id)?.resolve(message.answer);
		}
		if (message.kind === 'notification') {
			if (isToAll(message.method)) this.#said(message.method, message.params);
			else if (message.method === 'notifications/progress')
				// Its token is one of ours, and says by itself to which call it belongs.
				for (const { exchange: one } of this.#waiting.values()) one.notify(message.method, message.params);
			else exchange?.notify(message.method, message.params);
		}
		if (message.kind !== 'request') return;
		const { id } = message;
		const asked = exchange?.ask(message.method, message.params) ?? nobody();
		asked.catch(nobody).then((answer) => this.#tell(answerTo(id, answer)));
	}

	/**
	 * Whom a message belongs to: on one pipe for all callers that is only known while there is one call, and none that was
	 * given up and never answered. What the program says for that one must not be told to the next caller.
	 */
	#only(): Exchange | undefined {
		return this.#waiting.size === 1 && this.#givenUp.size === 0 ? [...this.#waiting.values()][0]!.exchange : undefined;
	}

	#tell(message: JsonObject): void {
		this.#program?.tell(message);
	}

	/** Ends every request that waits. */
	#end(why: TapPassError): void {
		this.#over ??= why;
		for (const { reject } of [...this.#waiting.values()]) reject(this.#over);
	}
}

function isTimeout({ aborted, reason }: AbortSignal): boolean {
	return aborted && reason instanceof DOMException && reason.name === 'TimeoutError';
}

async function nobody(): Promise<RpcAnswer> {
	return rpcError(rpcCodes.methodNotFound, 'it is not known for whom this is');
}
