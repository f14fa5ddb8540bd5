import { createPrivateKey, hash, X509Certificate } from 'node:crypto';
import { canonicalBytes, instant, type Json, parseWith, TapPassError } from '@tappass/core';
import {
	createState,
	decide,
	type EnrolmentAnswer,
	enrolmentAnswerSchema,
	type Now,
	type State,
	serializeFloor,
	type TrustedRoot,
} from '@tappass/trust';
import { z } from 'zod';
import { type BootstrapUrl, parseBootstrapUrl } from '../connection/bootstrap-url.ts';
import { isListedCa } from '../connection/host-plane.ts';
import { type KeyAndRequest, makeKeyAndRequest } from '../connection/key-and-request.ts';
import { connectPinned, fetchPinnedRoot } from '../connection/pinned.ts';
import { ask, expectStatus } from '../connection/request.ts';
import { type Credentials, documentText, type Enrolment, readDocument } from '../state/documents.ts';
import { type Files, makePrivateDirectory } from '../state/files.ts';
import { enrollingPlaces, type Places, type SandboxPlaces, sandboxPlaces } from '../state/places.ts';

export interface EnrolOptions {
	readonly name: string;
	readonly url: string;
	readonly places: Places;
	readonly files: Files;
	readonly now: () => Now;
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
 * in one step: after a crash there is nothing, or what the same command can resume for a minute.
 *
 * @throws {TapPassError} usage, already_exists, root_mismatch, bootstrap_…, server_unreachable, file_unwritable, or what
 * the first keyring is refused for
 */
export async function enrol(options: EnrolOptions): Promise<Enrolment> {
	const { files, name, now, places } = options;
	const url = parseBootstrapUrl(options.url);
	const final = sandboxPlaces(places.state, name);
	const staging = enrollingPlaces(places.state, name);
	if ((await files.read(final.enrolment)) !== undefined) throw alreadyEnrolled(name, final);
	await makePrivateDirectory(places.state);
	const url_sha256 = hash('sha256', `${url.token}#${url.root_sha256}`, 'hex');
	const pending = await pendingFor(files, staging, url_sha256);
	const whole = await readDocument(files, staging.enrolment, z.json());
	if (whole === undefined) {
		const { root } = await fetchPinnedRoot(url);
		const answer = await redeem(files, staging, url, root, { csr: pending.csr, name });
		await keep(files, staging, stateAfter(root, answer, now()), { answer, key: pending.key, name });
	}
	await files.moveDirectory(staging.directory, final.directory);
	await files.remove(pendingPath(final));
	return (await readDocument(files, final.enrolment, z.json())) as unknown as Enrolment;
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
				body: { schema: 'tappass.exchange/1', ...body },
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
	bootstrap_contested: `another machine is redeeming this URL right now; tell the operator; ${askAgain}`,
	bootstrap_void: askAgain,
	already_exists: 'run tappass-host init again with another name; the URL can still be used',
	server_unreachable: 'run the same command again within a minute: the URL is not lost',
};

function explained(error: unknown): unknown {
	if (!(error instanceof TapPassError) || error.hint !== undefined) return error;
	const hint = advice[error.code];
	if (hint === undefined) return error;
	const { cause, detail } = error;
	return new TapPassError(error.code, { hint, cause, ...(detail === undefined ? {} : { detail }) });
}

/** What the host believes after the answer; a root document that was replaced since the URL was made is walked to. */
function stateAfter(root: TrustedRoot, answer: EnrolmentAnswer, now: Now): State {
	const { org_id, sandbox_id } = answer;
	let state = createState({ root, audience: { org_id, sandbox_id }, floor: 'none' });
	const chain = { schema: 'tappass.root-chain/1', roots: [answer.root as unknown as Json] };
	for (const document of [chain, answer.keyring]) {
		if (document === chain && isSameRoot(answer, root)) continue;
		const decision = decide(state, canonicalBytes(document as Json), now);
		if (!decision.accept) {
			const { code, detail } = decision;
			throw new TapPassError(code, { ...(detail === undefined ? {} : { detail }) });
		}
		state = decision.state;
	}
	return state;
}

function isSameRoot({ root }: EnrolmentAnswer, pinned: TrustedRoot): boolean {
	return hash('sha256', Buffer.from(root.payload, 'base64'), 'hex') === pinned.sha256;
}

async function keep(
	files: Files,
	staging: SandboxPlaces,
	state: State,
	{ answer, key, name }: { readonly answer: EnrolmentAnswer; readonly key: string; readonly name: string },
): Promise<void> {
	const { certificate, keyring, org_id, root, sandbox_id, sync_url } = answer;
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
	await files.write(staging.root, canonicalBytes(root as unknown as Json), 0o644);
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
		hint: `choose another name, or run tappass-host uninstall ${name} first`,
	});
}
