import { createPrivateKey, hash, X509Certificate } from 'node:crypto';
import { canonicalBytes, instant, type Json, parseJson, parseWith, TapPassError } from '@tappass/core';
import {
	createState,
	decide,
	type EnrolmentAnswer,
	enrolmentAnswerSchema,
	type Now,
	nextRoot,
	type State,
	serializeFloor,
	type TrustedRoot,
	walkRoots,
} from '@tappass/trust';
import { z } from 'zod';
import { type BootstrapUrl, parseBootstrapUrl } from '../connection/bootstrap-url.ts';
import { isListedCa } from '../connection/host-plane.ts';
import { type KeyAndRequest, makeKeyAndRequest } from '../connection/key-and-request.ts';
import { connectPinned, fetchPinnedRoot, fetchRootsAfter } from '../connection/pinned.ts';
import { ask, expectStatus } from '../connection/request.ts';
import { type Credentials, documentText, type Enrolment, readDocument } from '../state/documents.ts';
import { type Files, makePrivateDirectory } from '../state/files.ts';
import { enrollingPlaces, type Places, type SandboxPlaces, sandboxPlaces } from '../state/places.ts';
import { finishReplacement, type HeldBefore, heldBefore, takePlace } from './replacement.ts';

export interface EnrolOptions {
	readonly name: string;
	readonly url: string;
	readonly places: Places;
	readonly files: Files;
	readonly now: () => Now;
	/** Given when the host owner says that what has the name now is to be replaced. */
	readonly replace?: {
		/** Has a daemon that runs let go of the sandbox. */
		readonly letGo: () => Promise<void>;
	};
}

/** What is kept before the URL is redeemed: with the same key the answer can be asked for again. */
interface Pending extends KeyAndRequest {
	readonly schema: 'tappass.host-enrolling/1';
	/** Of the URL; the token itself is not kept. */
	readonly url_sha256: string;
}

const pendingSchema = z.strictObject({
	schema: z.literal('tappass.host-enrolling/1'),
	url_sha256: z.string(),
	key: z.string(),
	csr: z.string(),
}) as unknown as z.ZodType<Pending>;

/**
 * Redeems a bootstrap URL. All that comes of it is put together in a directory beside the sandbox's, which takes its name
 * in one step: after a crash there is nothing, or what the same command can resume for a minute. What has the name already
 * is replaced on request, and stays as it is until the server has answered; the same sandbox keeps its floor.
 *
 * @throws {TapPassError} usage, already_exists, root_mismatch, root_rollback, bootstrap_…, server_unreachable, file_unwritable, or what
 * the first keyring is refused for
 */
export async function enrol(options: EnrolOptions): Promise<Enrolment> {
	const { files, name, now, places } = options;
	const url = parseBootstrapUrl(options.url);
	const final = sandboxPlaces(places.state, name);
	const staging = enrollingPlaces(places.state, name);
	await makePrivateDirectory(places.state);
	await finishReplacement(files, places.state, name);
	const url_sha256 = hash('sha256', `${url.token}#${url.root_sha256}`, 'hex');
	const before = await heldBefore(files, final);
	if (before !== undefined && (await isOf(files, final, url_sha256))) return finished(files, final);
	if (before !== undefined) {
		if (options.replace === undefined) throw alreadyEnrolled(name, final);
		assertSameOrg(name, url, before);
	}
	const pending = await pendingFor(files, staging, url_sha256);
	const whole = await readDocument(files, staging.enrolment, z.json());
	if (whole === undefined) {
		const pinned = await fetchPinnedRoot(url);
		// Walked to before the token leaves this machine: what cannot be believed burns nothing.
		const roots = await fetchRootsAfter(url);
		const walked = [pinned.root];
		for (const next of roots) walked.push(nextRoot(walked.at(-1)!, next as unknown as Json));
		const newest = walkRoots(walked.at(-1)!, [], now());
		assertNotOlder(walked, before);
		const answer = await redeem(files, staging, url, newest, { csr: pending.csr, name });
		const root = [...roots, ...answer.roots].at(-1) ?? parseJson(pinned.bytes);
		await keep(files, staging, stateAfter(newest, answer, now(), before), { answer, key: pending.key, name, root });
	}
	await options.replace?.letGo();
	await takePlace(files, places.state, name);
	return finished(files, final);
}

async function finished(files: Files, final: SandboxPlaces): Promise<Enrolment> {
	await files.remove(pendingPath(final));
	return (await readDocument(files, final.enrolment, z.json())) as unknown as Enrolment;
}

/** Whether what lies there came of this URL. */
async function isOf(files: Files, places: SandboxPlaces, url_sha256: string): Promise<boolean> {
	const pending = await readDocument(files, pendingPath(places), pendingSchema).catch(() => undefined);
	return pending?.url_sha256 === url_sha256;
}

async function pendingFor(files: Files, staging: SandboxPlaces, url_sha256: string): Promise<Pending> {
	const held = await readDocument(files, pendingPath(staging), pendingSchema).catch(() => undefined);
	if (held?.url_sha256 === url_sha256) return held;
	await files.remove(staging.directory);
	await makePrivateDirectory(staging.directory);
	const pending: Pending = { schema: 'tappass.host-enrolling/1', url_sha256, ...(await makeKeyAndRequest()) };
	// Durable before it is used: the reply to this key can be asked for again, the reply to a forgotten one cannot.
	await files.write(pendingPath(staging), documentText(pending));
	return pending;
}

function pendingPath({ directory }: SandboxPlaces): string {
	return `${directory}/enrolling.json`;
}

async function redeem(
	files: Files,
	staging: SandboxPlaces,
	url: BootstrapUrl,
	root: TrustedRoot,
	body: { readonly csr: string; readonly name: string },
): Promise<EnrolmentAnswer> {
	const socket = await connectPinned(url.origin, root);
	try {
		const reply = await ask(
			{ socket },
			{
				method: 'POST',
				url: `${url.origin}/install/${url.token}/exchange`,
				body: { schema: 'tappass.exchange/1', ...body, root_version: root.document.version },
			},
		);
		// A refusal is final, so the key it was for is of no more use; a lost reply is not.
		if (reply.status >= 400 && reply.status < 500) await files.remove(staging.directory);
		const json = expectStatus(reply, 201);
		return parseWith(enrolmentAnswerSchema, json, 'the answer to the enrolment');
	} catch (error) {
		throw explained(error);
	} finally {
		socket.destroy();
	}
}

const askAgain = 'ask the operator for a new URL: tappass sandbox-spec emit-bootstrap';
const advice: Readonly<Record<string, string>> = {
	bootstrap_unknown: 'copy the whole URL again, in quotes, or ask the operator for a new one',
	bootstrap_expired: `it lives for 15 minutes; ${askAgain}`,
	bootstrap_used: `it works once; if it was not you, tell the operator at once; ${askAgain}`,
	bootstrap_contested: `it was used a moment ago, by you or by another machine: if it was not you, tell the operator; ${askAgain}`,
	bootstrap_void: askAgain,
	sandbox_revoked: `a sandbox that was revoked stays so; ${askAgain}`,
	sandbox_locked: `two hosts showed its identity; the operator revokes it and makes another: ${askAgain}`,
	already_exists:
		'run tappass-host init again with another name: the URL can still be used; it can have this name once the operator has revoked the sandbox that holds it: tappass sandbox revoke',
	server_unreachable: 'run the same command again within a minute: the URL is not lost',
};

function explained(error: unknown): unknown {
	if (!(error instanceof TapPassError) || error.hint !== undefined) return error;
	const hint = advice[error.code];
	if (hint === undefined) return error;
	const { cause, detail } = error;
	return new TapPassError(error.code, { hint, cause, ...(detail === undefined ? {} : { detail }) });
}

/** What the host believes after the answer; root documents that came into force in between are walked to. */
function stateAfter(root: TrustedRoot, answer: EnrolmentAnswer, now: Now, before: HeldBefore | undefined): State {
	const { org_id, sandbox_id } = answer;
	const held = before?.floor;
	// The same sandbox goes on where it was: a server that was set back gains nothing by enrolling it anew.
	const floor = held?.org_id === org_id && held.sandbox_id === sandbox_id ? held : 'none';
	let state = createState({ root, audience: { org_id, sandbox_id }, floor });
	const chain = { schema: 'tappass.root-chain/1', roots: answer.roots as unknown as Json };
	for (const document of answer.roots.length === 0 ? [answer.keyring] : [chain, answer.keyring]) {
		const decision = decide(state, canonicalBytes(document as Json), now);
		if (!decision.accept) {
			const { code, detail } = decision;
			throw new TapPassError(code, { ...(detail === undefined ? {} : { detail }) });
		}
		state = decision.state;
	}
	return state;
}

/** @throws {TapPassError} usage: what an agent has worked on for one org is not handed to another by a wrong URL */
function assertSameOrg(name: string, { org_id }: BootstrapUrl, { enrolment, floor, root }: HeldBefore): void {
	const own = enrolment?.org_id ?? floor?.org_id ?? root?.document.org_id;
	if (own === undefined || own === org_id) return;
	throw new TapPassError('usage', {
		detail: `${name} belongs to ${own}, and the URL to ${org_id}`,
		hint: `choose another name, or run tappass-host uninstall ${name} first, which removes what its agent has made`,
	});
}

/**
 * @param walked from the pinned root document to the newest
 * @throws {TapPassError} root_rollback, root_mismatch: of one org a host believes no older root, and no second one
 */
function assertNotOlder(walked: readonly TrustedRoot[], before: HeldBefore | undefined): void {
	const held = before?.root;
	const newest = walked.at(-1)!.document.version;
	if (held === undefined || walked[0]!.document.version > held.document.version) return;
	const isOlder = newest < held.document.version;
	if (!isOlder && walked.some(({ sha256 }) => sha256 === held.sha256)) return;
	throw new TapPassError(isOlder ? 'root_rollback' : 'root_mismatch', {
		detail: `the URL leads to version ${newest} of the root document, and this host holds ${isOlder ? held.document.version : 'another one of its versions'}`,
		hint: 'ask the operator for a new URL, and whether the control plane is the one you know',
	});
}

async function keep(
	files: Files,
	staging: SandboxPlaces,
	state: State,
	{
		answer,
		key,
		name,
		root,
	}: { readonly answer: EnrolmentAnswer; readonly key: string; readonly name: string; readonly root: unknown },
): Promise<void> {
	const { certificate, keyring, org_id, sandbox_id, sync_url } = answer;
	if (!isListedCa(certificate.ca, state.root)) {
		throw new TapPassError('root_mismatch', { detail: 'the certificate comes from a CA that the root does not list' });
	}
	if (!isFor(certificate.certificate, key))
		throw new TapPassError('csr_invalid', { detail: 'a certificate of another key' });
	if (state.floor === 'none') throw new TapPassError('internal');
	const credentials: Credentials = { schema: 'tappass.host-credentials/1', key, certificate };
	const enrolment: Enrolment = {
		schema: 'tappass.host-enrolment/1',
		name,
		org_id,
		sandbox_id,
		sync_url,
		enrolled_at: instant(Date.now()),
	};
	// Agents of other users read this one directory, inside their sandbox; the one around it is ours alone.
	await files.makeDirectory(staging.keyringDirectory, 0o755);
	await files.write(staging.credentials, documentText(credentials));
	await files.write(staging.root, canonicalBytes(root as Json), 0o644);
	await files.write(staging.floor, serializeFloor(state.floor));
	await files.write(staging.keyring, canonicalBytes(keyring as Json), 0o644);
	await files.write(staging.enrolment, documentText(enrolment));
}

function isFor(certificate: string, key: string): boolean {
	return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
}

function alreadyEnrolled(name: string, { directory }: SandboxPlaces): TapPassError {
	return new TapPassError('already_exists', {
		detail: `${name} is enrolled already, in ${directory}`,
		hint: `choose another name; or, to enrol it anew, have the operator run tappass sandbox reenroll ${name} (after a revocation: tappass sandbox-spec emit-bootstrap) and add --replace to this command`,
	});
}
