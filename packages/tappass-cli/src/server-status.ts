import { setTimeout as wait } from 'node:timers/promises';
import { printable } from '@tappass/cli-kit';
import { type ErrorCode, TapPassError } from '@tappass/core';
import { type LocalStatus, localStatus } from '@tappass/server';
import { askIfReady } from './remote/api-client.ts';
import { connect } from './remote/connect.ts';
import { type StatusView, status } from './remote/shapes.ts';
import { statusLines } from './views/status.ts';

/** How a server is doing. */
export interface ServerPicture {
	readonly isRunning: boolean;
	/** For programs. */
	readonly fields: Readonly<Record<string, unknown>>;
	/** For people. */
	readonly lines: readonly string[];
}

/** A server anywhere, asked with the key for it when there is one. @throws {TapPassError} what it answers; server_unreachable */
export async function lookAtServer(url: string): Promise<ServerPicture> {
	const org = await statusUnless(url, ['unauthenticated']);
	if (org === null) {
		await askIfReady(url);
		const lines = [`${url} takes requests. Sign in to see more: tappass login --server ${url} --key-file <file>`];
		return { isRunning: true, fields: { running: true, org }, lines: lines.map(printable) };
	}
	const { version, ...rest } = org;
	return {
		isRunning: true,
		fields: { running: true, version, org: rest },
		lines: [`${url}, version ${version}.`, ...statusLines(org)].map(printable),
	};
}

/** The server on a data directory of this machine. @throws {TapPassError} server_unreachable, … */
export async function lookAtDirectory(directory: string): Promise<ServerPicture> {
	const local = await localStatus(directory);
	if (local === null)
		return { isRunning: false, fields: { running: false }, lines: [printable(`No server runs on ${directory}.`)] };
	const operator = local.urls['operator'] ?? null;
	const org = operator === null ? null : await statusUnless(operator, ['unauthenticated', 'forbidden', 'usage']);
	return {
		isRunning: true,
		fields: { running: true, ...local, org },
		lines: [...localLines(local), ...(org === null ? [] : statusLines(org))].map(printable),
	};
}

/** Whether the server on a directory is the one at an address: of that more is known here, and without a key. */
export async function runsHere(directory: string, url: string | undefined): Promise<boolean> {
	const origin = URL.parse(url ?? '')?.origin;
	return origin !== undefined && (await localStatus(directory))?.urls['operator'] === origin;
}

/**
 * Looks again and again; a picture that is as the one before is left out. The last one is of a server that has ended.
 * @throws what `look` throws
 */
export async function* watchServer(look: () => Promise<ServerPicture>, everyMs: number): AsyncGenerator<ServerPicture> {
	let shown: string | undefined;
	while (true) {
		const picture = await look();
		const now = JSON.stringify(picture.fields);
		if (now !== shown) yield picture;
		shown = now;
		if (!picture.isRunning) return;
		await wait(everyMs);
	}
}

function localLines({ pid, version, started_at, urls }: LocalStatus): readonly string[] {
	const where = Object.entries(urls).map(([plane, url]) => `  ${plane.padEnd(8)}  ${url ?? 'not in this process'}`);
	return [`Process ${pid}, version ${version}, up since ${started_at}.`, ...where];
}

// Whoever is not signed in is still told that it runs.
async function statusUnless(url: string, codes: readonly ErrorCode[]): Promise<StatusView | null> {
	try {
		return await (await connect(url)).get('/v1/status', status);
	} catch (error) {
		if (error instanceof TapPassError && codes.includes(error.code)) return null;
		throw error;
	}
}
