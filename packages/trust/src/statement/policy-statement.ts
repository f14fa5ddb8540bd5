import {
	type CompiledPolicy,
	compiledPolicySchema,
	type Identity,
	identitySchema,
	limits,
	nameSchema,
	type Runtime,
	runtimeSchema,
} from '@tappass/core';
import { z } from 'zod';
import { trustLimits } from '../limits.ts';
import { instantSchema } from './instant.ts';

/** Harness → canonical tool → the names that harness uses for it. */
export type ToolAliases = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
/** Domain category → its domain patterns. */
export type DomainCategories = Readonly<Record<string, readonly string[]>>;

/** One version of one sandbox's policy, and all a host needs to render it; signed once per change by the compile key. */
export interface PolicyStatement {
	readonly schema: 'tappass.policy-statement/1';
	readonly identity: Identity;
	/** Raised by the root alone; versions start anew in each epoch. */
	readonly epoch: number;
	/** From 1, grows by one with each change. */
	readonly policy_version: number;
	/** SHA-256 of the statement before this one, hex; null when there is none. */
	readonly prev_sha256: string | null;
	readonly min_protocol: number;
	readonly issued_at: string;
	readonly compiled_policy: CompiledPolicy;
	readonly runtime: Runtime;
	readonly tool_aliases: ToolAliases;
	/** Has an entry for each category that the policy denies. */
	readonly domain_categories: DomainCategories;
	readonly agent_plane_url: string;
}

/** A count that starts at 1: versions, epochs, sequence numbers. */
export const ordinalSchema: z.ZodType<number> = z.int().min(1);
/** SHA-256, 64 lower-case hex digits. */
export const sha256Schema: z.ZodType<string> = z.string().regex(/^[0-9a-f]{64}$/, { error: 'expected 64 hex digits' });

const text = z.string().min(1).max(limits.textLengthMax);

/** Shape of a policy statement, and what its parts must say about each other; unknown members are refused. */
export const policyStatementSchema: z.ZodType<PolicyStatement> = z
	.strictObject({
		schema: z.literal('tappass.policy-statement/1'),
		identity: identitySchema,
		epoch: ordinalSchema,
		policy_version: ordinalSchema,
		prev_sha256: sha256Schema.nullable(),
		min_protocol: ordinalSchema,
		issued_at: instantSchema,
		compiled_policy: compiledPolicySchema,
		runtime: runtimeSchema,
		tool_aliases: z.record(nameSchema, z.record(text, z.array(text).max(trustLimits.aliasesMax))),
		domain_categories: z.record(nameSchema, z.array(text).max(limits.listEntriesMax)),
		agent_plane_url: z.url({ protocol: /^https?$/ }).max(512),
	})
	.superRefine((statement, context) => {
		const { network } = statement.compiled_policy;
		const missing = network.deny_categories.find((category) => !Object.hasOwn(statement.domain_categories, category));
		// A denied category without its list would be a rule that no one can enforce.
		if (missing !== undefined) issue(context, ['domain_categories'], `no list for the denied category ${missing}`);
		if (statement.runtime.id !== statement.identity.runtime_id) issue(context, ['runtime', 'id'], 'another Runtime');
	}) as unknown as z.ZodType<PolicyStatement>;

function issue(context: z.RefinementCtx, path: string[], message: string): void {
	context.addIssue({ code: 'custom', path, message });
}
