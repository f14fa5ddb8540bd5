import {
	canonicalBytes,
	type OrgId,
	orgIdSchema,
	parseBytesWith,
	type SandboxId,
	sandboxIdSchema,
	TapPassError,
} from '@tappass/core';
import { z } from 'zod';
import { instantSchema } from '../statement/instant.ts';
import { ordinalSchema, sha256Schema } from '../statement/policy-statement.ts';

/** The least that a host will ever accept again; kept apart from the keyring and made durable before it. */
export interface Floor {
	readonly schema: 'tappass.floor/1';
	readonly org_id: OrgId;
	readonly sandbox_id: SandboxId;
	readonly root_version: number;
	readonly epoch: number;
	/** 0 when nothing of this epoch was accepted yet. */
	readonly policy_version: number;
	/** Of the statement with that version; null exactly when the version is 0. */
	readonly policy_sha256: string | null;
	readonly seq: number;
	/** The latest `issued_at` that was believed: the wall clock cannot honestly stand much before it. */
	readonly issued_at_max: string;
	/** The highest `min_protocol` that was accepted. */
	readonly protocol_max: number;
}

/** `none` is said by enrolment alone; a floor file that is missing later is unreadable, not `none`. */
export type FloorOrNone = Floor | 'none';

const count = z.int().min(0);
const floorSchema: z.ZodType<Floor> = z
	.strictObject({
		schema: z.literal('tappass.floor/1'),
		org_id: orgIdSchema,
		sandbox_id: sandboxIdSchema,
		root_version: ordinalSchema,
		epoch: ordinalSchema,
		policy_version: count,
		policy_sha256: sha256Schema.nullable(),
		seq: count,
		issued_at_max: instantSchema,
		protocol_max: ordinalSchema,
	})
	.refine((floor) => (floor.policy_version === 0) === (floor.policy_sha256 === null), {
		error: 'a version needs its hash',
	});

/**
 * Reads a floor file; anything off is a refusal, never a first run.
 * @throws {TapPassError} floor_unreadable
 */
export function parseFloor(bytes: Uint8Array): Floor {
	try {
		return parseBytesWith(floorSchema, bytes, 'the floor', { integersOnly: true });
	} catch (cause) {
		throw new TapPassError('floor_unreadable', { cause });
	}
}

/** The bytes of a floor file: canonical JSON. */
export function serializeFloor(floor: Floor): Uint8Array {
	return canonicalBytes(floor);
}
