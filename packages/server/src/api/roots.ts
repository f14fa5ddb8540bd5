import { randomBytes } from 'node:crypto';
import { TapPassError } from '@tappass/core';
import type { Signer } from '@tappass/signing';
import { z } from 'zod';
import { assertMay, orgScope } from '../access/may.ts';
import { createAuthority } from '../ca/authority.ts';
import { acceptRoot } from '../keys/accept-root.ts';
import { rotatedRoles } from '../keys/rotation.ts';
import { listKeys, newestRoot } from '../store/keys.ts';
import { lockOrg } from '../store/roots.ts';
import { insertRecompile, readSpecs } from '../store/sandboxes.ts';
import { type Route, route } from './route.ts';
import { moment, none, text } from './shapes.ts';

const keyRole = z.enum(rotatedRoles);
const keyId = z.string().describe('SHA-256 of the public key, hex');

/** The root document. It is signed where the root keys are, which is never here. */
export const rootRoutes: readonly Route[] = [
	route({
		method: 'get',
		path: '/v1/root',
		operation: 'readRoot',
		summary: 'The newest root document, as hosts get it',
		tag: 'status',
		parameters: none,
		query: none,
		body: null,
		result: z.strictObject({ version: z.int(), epoch: z.int(), sha256: z.string(), document: z.base64() }),
		handle: async ({ principal, transaction }) => {
			assertMay(principal, 'status.read', orgScope);
			const root = await newestRoot(transaction);
			if (root === undefined) throw new TapPassError('not_found', { detail: 'the org has no root document' });
			const { version, epoch, sha256, document } = root;
			return { body: { version, epoch, sha256, document: document.toString('base64') } };
		},
	}),
	route({
		method: 'post',
		path: '/v1/root',
		operation: 'acceptRoot',
		audit: 'root.accepted',
		summary: 'Put the next root document in force; a raised epoch has every sandbox derived anew',
		tag: 'status',
		parameters: none,
		query: none,
		body: z.strictObject({
			document: z.base64().min(1).describe('root.json, signed by the old root keys and the new'),
			cut_off: z
				.boolean()
				.default(false)
				.describe('Take a new CA into use though hosts that have not heard of it must be enrolled again'),
		}),
		result: z.strictObject({
			version: z.int(),
			epoch: z.int(),
			stale: z.int(),
			signed: z.int(),
			failed: z.int(),
			rotated: z.array(z.strictObject({ role: keyRole, key_id: keyId, replaces: keyId })),
		}),
		handle: async ({ body, principal, transaction, services, org_id, now, request_id }) => {
			assertMay(principal, 'admin.root', orgScope);
			await lockOrg(transaction);
			const bytes = Buffer.from(body.document, 'base64');
			const { version, epoch, outdated, rotated } = await acceptRoot(transaction, org_id, bytes, now.getTime(), {
				cutOff: body.cut_off,
			});
			const by = { org_id, actor: { kind: 'operator', id: principal.user_id }, decision: 'allow', request_id } as const;
			await services.audit.appendIn(
				transaction,
				rotated.map((each) =>
					services.audit.event({ ...by, type: 'key.rotated', payload: { ...each, root_version: version, epoch } }),
				),
			);
			const specs = (await readSpecs(transaction)).map(({ id }) => id);
			await insertRecompile(transaction, {
				org_id,
				reason: `root ${version}, epoch ${epoch}`,
				requested_by: principal.email,
				total: outdated,
			});
			return {
				body: { version, epoch, stale: outdated, signed: 0, failed: 0, rotated: [...rotated] },
				settles: { specs, stale: outdated },
			};
		},
	}),
	route({
		method: 'get',
		path: '/v1/root/keys',
		operation: 'listOnlineKeys',
		summary: 'The keys that this server signs with: those in use, those that wait to follow, and those before',
		tag: 'status',
		parameters: none,
		query: none,
		body: null,
		result: z.strictObject({
			items: z.array(
				z.strictObject({
					role: keyRole,
					key_id: keyId,
					state: z.enum(['in_use', 'pending', 'retired']),
					created_at: moment,
					retired_at: moment.nullable(),
				}),
			),
		}),
		handle: async ({ principal, transaction }) => {
			assertMay(principal, 'status.read', orgScope);
			const keys = await listKeys(transaction);
			const items = rotatedRoles.flatMap((role) =>
				keys
					.filter((key) => key.role === role)
					.map(({ key_id, pending, created_at, retired_at }) => ({
						role,
						key_id,
						state: pending ? ('pending' as const) : retired_at === null ? ('in_use' as const) : ('retired' as const),
						created_at: text(created_at),
						retired_at: text(retired_at),
					})),
			);
			return { body: { items } };
		},
	}),
	route({
		method: 'post',
		path: '/v1/root/keys',
		operation: 'prepareKey',
		audit: 'key.created',
		summary: 'Make the key that is to follow; it is used once a root document lists it',
		tag: 'status',
		success: 201,
		parameters: none,
		query: none,
		body: z.strictObject({ role: keyRole }),
		result: z.strictObject({
			role: keyRole,
			key_id: keyId,
			algorithm: z.enum(['ed25519', 'es256']),
			public: z.base64().describe('SubjectPublicKeyInfo, DER'),
		}),
		handle: async ({ body: { role }, principal, transaction, services, org_id, now }) => {
			assertMay(principal, 'admin.root', orgScope);
			await lockOrg(transaction);
			const certify = async (signer: Signer): Promise<Uint8Array> =>
				(await createAuthority(org_id, signer, { now: now.getTime(), serial: randomBytes(16) })).certificate;
			const { id, algorithm, spki } = await services.keys.prepare(
				transaction,
				org_id,
				role,
				role === 'host_ca' ? certify : undefined,
			);
			return { body: { role, key_id: id, algorithm, public: Buffer.from(spki).toString('base64') } };
		},
	}),
	route({
		method: 'post',
		path: '/v1/data-keys',
		operation: 'rotateDataKey',
		audit: 'key.rotated',
		summary: 'Make the data key that new things are sealed by; what was sealed before keeps its own',
		tag: 'status',
		success: 201,
		parameters: none,
		query: none,
		body: z.strictObject({}),
		result: z.strictObject({ id: z.string() }),
		handle: async ({ principal, transaction, services, org_id }) => {
			assertMay(principal, 'admin.root', orgScope);
			await lockOrg(transaction);
			return { body: { id: await services.keys.addDataKey(transaction, org_id) } };
		},
	}),
	route({
		method: 'post',
		path: '/v1/data-keys/rewrap',
		operation: 'rewrapDataKeys',
		audit: 'key.rotated',
		summary: 'Have every data key wrapped by the key that the KMS wraps with now',
		tag: 'status',
		parameters: none,
		query: none,
		body: z.strictObject({}),
		result: z.strictObject({ kms_key_id: z.string(), data_keys: z.int(), rewrapped: z.int() }),
		handle: async ({ principal, transaction, services, org_id }) => {
			assertMay(principal, 'admin.root', orgScope);
			await lockOrg(transaction);
			return { body: await services.keys.rewrap(transaction, org_id) };
		},
	}),
];
