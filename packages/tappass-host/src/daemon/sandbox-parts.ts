import { join } from 'node:path';
import { TapPassError } from '@tappass/core';
import type { z } from 'zod';
import type { Clock } from '../clock.ts';
import { HostPlane } from '../connection/host-plane.ts';
import {
	type Credentials,
	credentialsSchema,
	type Enrolment,
	enrolmentSchema,
	readDocument,
} from '../state/documents.ts';
import { type Files, sweepTemporaries } from '../state/files.ts';
import type { SandboxPlaces } from '../state/places.ts';
import { CertificateKeeper } from './certificate-keeper.ts';
import { EventSpool } from './event-spool.ts';
import { KeyringStore } from './keyring-store.ts';
import { SyncLoop } from './sync-loop.ts';

/** What a sandbox that was opened works with. */
export interface SandboxParts {
	readonly enrolment: Enrolment;
	readonly store: KeyringStore;
	readonly plane: HostPlane;
	readonly loop: SyncLoop;
	readonly spool: EventSpool;
	readonly certificate: CertificateKeeper;
}

export interface SandboxPartsOptions {
	readonly files: Files;
	readonly places: SandboxPlaces;
	readonly clock: Clock;
	/** 0 to 1. */
	readonly random: () => number;
	/** The server's clock less this machine's, with every answer. */
	readonly serverAhead: (ms: number) => void;
	/** Handed everything that came, one at a time. */
	readonly receive: (bytes: Uint8Array) => Promise<void>;
	readonly connected: () => void;
	readonly lost: (error: TapPassError) => void;
	readonly renewed: (credentials: Credentials) => void;
	readonly renewalFailed: (error: unknown) => void;
}

/**
 * Reads what is on disk and puts together what works on it; nothing is connected yet.
 * @throws {TapPassError} state_unreadable, floor_unreadable, root_rollback, audience_mismatch
 */
export async function openParts(options: SandboxPartsOptions): Promise<SandboxParts> {
	const { clock, files, places, random } = options;
	await sweepTemporaries(files, places.directory);
	await sweepTemporaries(files, places.keyringDirectory);
	await files.remove(join(places.directory, 'enrolling.json'));
	const enrolment = await needed(files, places.enrolment, enrolmentSchema);
	const credentials = await needed(files, places.credentials, credentialsSchema);
	const store = await KeyringStore.open({ files, places, enrolment, clock });
	const plane = new HostPlane(enrolment, credentials, (serverMs) =>
		options.serverAhead(serverMs - clock.now().wall_ms),
	);
	const spool = new EventSpool({
		files,
		path: places.spool,
		clock,
		send: async (events) => {
			await plane.post('/v1/sync/events', 200, { schema: 'tappass.events/1', events });
		},
	});
	await spool.open();
	const loop = new SyncLoop({
		source: { get: (path) => plane.get(path), stream: (onEvent) => plane.stream(onEvent) },
		clock,
		random,
		rootVersion: () => store.state.root.document.version,
		receive: options.receive,
		connected: options.connected,
		lost: options.lost,
	});
	const certificate = new CertificateKeeper(credentials, {
		files,
		path: places.credentials,
		clock,
		random,
		root: () => store.state.root,
		post: (path, status, body) => plane.post(path, status, body),
		renewed: (next) => {
			plane.use(next);
			loop.reopen();
			options.renewed(next);
		},
		failed: options.renewalFailed,
	});
	return { enrolment, store, plane, loop, spool, certificate };
}

async function needed<T>(files: Files, path: string, schema: z.ZodType<T>): Promise<T> {
	const found = await readDocument(files, path, schema);
	if (found !== undefined) return found;
	throw new TapPassError('state_unreadable', { detail: `${path} is missing` });
}
