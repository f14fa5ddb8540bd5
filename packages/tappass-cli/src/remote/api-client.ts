import {
	type Diagnostic,
	type ErrorCode,
	errorTable,
	type Json,
	parseJson,
	parseWith,
	TapPassError,
} from '@tappass/core';
import { z } from 'zod';
import { limits } from '../limits.ts';
import { boundedBody } from './bounded-body.ts';
import { keepToken, readToken } from './credentials.ts';
import { page, token } from './shapes.ts';

/** Who asks whom. */
export interface ApiTarget {
	readonly server: string;
	readonly key: string;
}

type Query = Readonly<Record<string, string | number | undefined>>;

/**
 * The operator API as a command asks it. Keys become tokens of 15 minutes, which are kept for the commands after this one
 * and made anew when the server no longer takes them. What comes back is parsed; problem documents become `TapPassError`s.
 */
export class ApiClient {
	readonly server: string;
	readonly #key: string;
	#token: string | undefined;

	constructor({ server, key }: ApiTarget) {
		this.server = server;
		this.#key = key;
	}

	/** @throws {TapPassError} what the server answers; server_unreachable, server_unexpected */
	async get<T>(path: string, shape: z.ZodType<T>, query: Query = {}): Promise<T> {
		return this.#ask('GET', withQuery(path, query), shape, undefined);
	}

	/** @throws {TapPassError} what the server answers; server_unreachable, server_unexpected */
	async send<T>(method: 'POST' | 'PUT' | 'DELETE', path: string, shape: z.ZodType<T>, body?: unknown): Promise<T> {
		return this.#ask(method, path, shape, method === 'DELETE' ? undefined : (body ?? {}));
	}

	/** Every item of a list, page after page. */
	async all<T>(path: string, item: z.ZodType<T>, query: Query = {}): Promise<readonly T[]> {
		const items: T[] = [];
		let cursor: string | undefined;
		for (let pages = 0; pages < limits.pagesMax; pages += 1) {
			const answer = await this.get(path, page(item), { ...query, limit: limits.pageItems, cursor });
			items.push(...answer.items);
			if (answer.next_cursor === null) return items;
			cursor = answer.next_cursor;
		}
		throw unexpected(this.server, `${path} has no end`);
	}

	/** Exchanges the key, whatever token is kept: shows whether the key is good. @throws {TapPassError} unauthenticated, … */
	async signIn(): Promise<void> {
		const bytes = await request(this.server, 'POST', '/v1/auth/token', this.#key, undefined);
		const made = parse(token, bytes, this.server);
		this.#token = made.token;
		await keepToken(this.server, this.#key, made, Date.now());
	}

	/** The bytes of a file that the server keeps, such as a tile of the audit log; undefined: there is none of that path. */
	async file(path: string): Promise<Uint8Array | undefined> {
		try {
			return await this.#bytes('GET', path, undefined);
		} catch (error) {
			if (error instanceof TapPassError && error.code === 'not_found') return undefined;
			throw error;
		}
	}

	async #ask<T>(method: string, path: string, shape: z.ZodType<T>, body: unknown): Promise<T> {
		return parse(shape, await this.#bytes(method, path, body), this.server);
	}

	async #bytes(method: string, path: string, body: unknown): Promise<Uint8Array> {
		this.#token ??= await readToken(this.server, this.#key, Date.now());
		const kept = this.#token;
		if (kept === undefined) await this.signIn();
		try {
			return await request(this.server, method, path, this.#token!, body);
		} catch (error) {
			// A kept token may be of a server that was set up anew, or of a clock that went wrong: the key decides.
			if (kept === undefined || !(error instanceof TapPassError) || error.code !== 'unauthenticated') throw error;
			await keepToken(this.server, this.#key, null, Date.now());
			await this.signIn();
			return request(this.server, method, path, this.#token!, body);
		}
	}
}

/** Asks a server that nobody signed in to whether it takes requests. @throws {TapPassError} server_unreachable, store_unavailable, … */
export async function askIfReady(server: string): Promise<void> {
	await request(server, 'GET', '/readyz', undefined, undefined);
}

async function request(
	server: string,
	method: string,
	path: string,
	bearer: string | undefined,
	body: unknown,
): Promise<Uint8Array> {
	const sent = await fetch(`${server}${path}`, {
		method,
		headers: {
			accept: 'application/json',
			...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
			...(body === undefined ? {} : { 'content-type': 'application/json' }),
		},
		...(body === undefined ? {} : { body: JSON.stringify(body) }),
		// A redirect would carry the token to wherever it points.
		redirect: 'error',
		signal: AbortSignal.timeout(limits.requestMs),
	}).catch((cause: unknown) => {
		throw unreachable(server, cause);
	});
	const bytes = await readAnswer(sent, server);
	if (!sent.ok) throw problemOf(bytes, sent.status, server);
	return bytes;
}

async function readAnswer(answer: Response, server: string): Promise<Uint8Array> {
	const bytes = await boundedBody(answer, limits.answerBytesMax).catch((error: unknown) => {
		throw unreachable(server, error);
	});
	if (bytes === undefined) throw unexpected(server, `an answer of more than ${limits.answerBytesMax} bytes`);
	return bytes;
}

function parse<T>(shape: z.ZodType<T>, bytes: Uint8Array, server: string): T {
	try {
		return parseWith(shape, readJson(bytes), 'the answer');
	} catch (cause) {
		throw unexpected(server, cause instanceof Error ? cause.message : 'no JSON', cause);
	}
}

function readJson(bytes: Uint8Array): Json {
	return parseJson(bytes, { bytesMax: limits.answerBytesMax });
}

const problemSchema = z.looseObject({
	code: z.string(),
	detail: z.string().optional(),
	hint: z.string().optional(),
	request_id: z.string().optional(),
	diagnostics: z
		.array(
			z.looseObject({
				code: z.string(),
				message: z.string(),
				file: z.string().optional(),
				path: z.string().optional(),
			}),
		)
		.default([]),
});

function problemOf(bytes: Uint8Array, status: number, server: string): TapPassError {
	let problem: z.output<typeof problemSchema>;
	try {
		problem = problemSchema.parse(readJson(bytes));
	} catch (cause) {
		return unexpected(server, `status ${status} without a problem document`, cause);
	}
	const { code, detail, hint, request_id, diagnostics } = problem;
	if (!Object.hasOwn(errorTable, code)) return unexpected(server, `status ${status}, code ${code}: ${detail ?? ''}`);
	if (code === 'schema_invalid' && diagnostics.length > 0 && diagnostics.every(({ file }) => file === 'the path'))
		return notWritten(diagnostics);
	const ours = code === 'internal' ? { hint: `look for request ${request_id} in the log of ${server}` } : {};
	return new TapPassError(code as ErrorCode, {
		...(detail === undefined ? {} : { detail }),
		...(hint === undefined ? {} : { hint }),
		...ours,
		diagnostics: diagnostics as unknown as readonly Diagnostic[],
		...(request_id === undefined ? {} : { fields: { request_id } }),
	});
}

// What was typed for an id is no document of the operator's: it is a word that was mistyped.
function notWritten(
	diagnostics: readonly { readonly path?: string | undefined; readonly message: string }[],
): TapPassError {
	const said = diagnostics.map(({ path: place, message }) => `${(place ?? '').replace(/^\//, '')}: ${message}`);
	return new TapPassError('usage', { detail: said.join('; '), hint: 'copy it as the list of its kind prints it' });
}

function unreachable(server: string, error: unknown): TapPassError {
	const cause = error instanceof Error ? ((error.cause as Error | undefined) ?? error) : undefined;
	const code = cause !== undefined && 'code' in cause ? String(cause.code) : cause?.name;
	if (cause?.message === 'unexpected redirect') return unexpected(server, 'it redirects elsewhere', error);
	const broken = transportFaults[code ?? ''];
	const isTrust = /CERT|SIGNED|TLS|SSL/.test(code ?? '');
	return new TapPassError('server_unreachable', {
		detail: `${server}: ${code === 'TimeoutError' ? `no answer within ${limits.requestMs / 1_000} s` : (broken ?? code ?? 'no answer')}`,
		hint: isTrust
			? 'its certificate is not trusted here: name its CA in NODE_EXTRA_CA_CERTS'
			: 'start one with tappass server start, or name another with --server <url>',
		cause: error,
	});
}

// What fetch calls by names of its own.
const transportFaults: Readonly<Record<string, string>> = {
	UND_ERR_SOCKET: 'the connection broke',
	UND_ERR_CONNECT_TIMEOUT: 'no connection in time',
	UND_ERR_HEADERS_TIMEOUT: 'no answer in time',
	UND_ERR_BODY_TIMEOUT: 'the answer stopped',
};

function unexpected(server: string, detail: string, cause?: unknown): TapPassError {
	return new TapPassError('server_unexpected', {
		detail: `${server}: ${detail}`,
		hint: 'is this the operator API of a TapPass server of the same version?',
		...(cause === undefined ? {} : { cause }),
	});
}

function withQuery(path: string, query: Query): string {
	const given = Object.entries(query).filter(([, value]) => value !== undefined);
	const text = new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)])).toString();
	return text === '' ? path : `${path}?${text}`;
}

/** A path with its parts escaped: a name may not lead elsewhere. */
export function path(strings: TemplateStringsArray, ...names: readonly string[]): string {
	return strings.reduce((built, text, at) => `${built}${text}${at < names.length ? segment(names[at]!) : ''}`, '');
}

function segment(name: string): string {
	if (name === '' || name === '.' || name === '..')
		throw new TapPassError('usage', { detail: `${JSON.stringify(name)} is no name` });
	return encodeURIComponent(name);
}
