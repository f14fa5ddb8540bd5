import type { Erasure } from '@tappass/audit';
import type { OrgId, SandboxId } from '@tappass/core';
import type { z } from 'zod';
import type { Principal } from '../access/may.ts';
import type { Settles } from '../store/people-tables.ts';
import type { OrgTransaction } from '../store/store.ts';
import type { Services } from './services.ts';

/** What a handler is given: who asks, inside a transaction of their org. */
export interface Call<Path, Query, Body> {
	readonly path: Path;
	readonly query: Query;
	readonly body: Body;
	readonly org_id: OrgId;
	readonly principal: Principal;
	readonly transaction: OrgTransaction;
	readonly services: Services;
	readonly now: Date;
	readonly request_id: string;
}

/** What a change was about. */
export interface About {
	readonly project?: string | null;
	readonly agent?: string | null;
	readonly sandbox_id?: SandboxId;
	readonly session_id?: string;
	/** What the change answers to a call from now on. */
	readonly code?: string;
	readonly erases?: Erasure;
}

/** What a handler answers. */
export interface Answer<Result> {
	readonly body: Result;
	/** What the change was about, for the audit log: whose auditors may see it. The whole org when left out. */
	readonly about?: About;
	/** What the change made stale: the answer waits until it was derived, and says how many statements were signed. */
	readonly settles?: Settles;
	/** Runs once the transaction is committed, and adds to the body: what takes longer than a change itself. */
	readonly after?: () => Promise<Partial<Result>>;
}

/** One operation of the operator API: its schemas are what is checked, and what `/openapi.json` says. */
export interface Route {
	readonly method: 'get' | 'post' | 'put' | 'delete';
	/** OpenAPI form: `/v1/teams/{team}`. */
	readonly path: string;
	readonly operation: string;
	readonly summary: string;
	readonly tag: string;
	readonly success: 200 | 201;
	/** Whether the answer holds a secret that is shown once: it is not kept for a repeated idempotency key. */
	readonly secret: boolean;
	/** Fields of the body that are recorded nowhere; such an operation takes no idempotency key. */
	readonly hides: readonly string[];
	/** Type of the event that is appended in the same transaction; null for what only reads. */
	readonly audit: string | null;
	readonly parameters: z.ZodObject;
	readonly query: z.ZodObject;
	/** Null: the operation takes no body. */
	readonly body: z.ZodType | null;
	readonly result: z.ZodType;
	readonly handle: (call: Call<never, never, never>) => Promise<Answer<unknown>>;
}

/** Ties a handler to the types of its schemas. */
export function route<
	Path extends z.ZodObject,
	Query extends z.ZodObject,
	Body extends z.ZodType | null,
	Result extends z.ZodType,
>(definition: {
	readonly method: Route['method'];
	readonly path: string;
	readonly operation: string;
	readonly summary: string;
	readonly tag: string;
	readonly success?: 200 | 201;
	readonly secret?: boolean;
	readonly hides?: readonly string[];
	/** Every operation that changes something has one; a test holds it. */
	readonly audit?: string;
	readonly parameters: Path;
	readonly query: Query;
	readonly body: Body;
	readonly result: Result;
	readonly handle: (
		call: Call<z.output<Path>, z.output<Query>, Body extends z.ZodType ? z.output<Body> : null>,
	) => Promise<Answer<z.input<Result>>>;
}): Route {
	return { success: 200, secret: false, hides: [], audit: null, ...definition } as unknown as Route;
}

/** An answer whose transaction is to be undone, thrown by a dry run and by a change that changes nothing. */
export class Undone extends Error {
	readonly answer: unknown;
	constructor(answer: unknown) {
		super('undone');
		this.answer = answer;
	}
}
