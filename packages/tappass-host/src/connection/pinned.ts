import { hash, type X509Certificate } from 'node:crypto';
import { Agent } from 'node:https';
import { connect, type TLSSocket } from 'node:tls';
import { type OrgId, parseWith, TapPassError } from '@tappass/core';
import { pinRoot, type RootsAnswer, rootsAnswerSchema, type TrustedRoot } from '@tappass/trust';
import { limits } from '../limits.ts';
import type { BootstrapUrl } from './bootstrap-url.ts';
import { ask, expectStatus, type Reply, unreachable } from './request.ts';

/** The name that the host plane of an org answers to (SNI); it needs no DNS. */
export function hostPlaneName(orgId: OrgId): string {
	return `${orgId.slice('org_'.length)}.org.tappass.internal`;
}

/**
 * Fetches the root document that a bootstrap URL pins, from a server that is not trusted yet; the token stays here.
 * @throws {TapPassError} root_mismatch, server_unreachable
 */
export async function fetchPinnedRoot(
	url: BootstrapUrl,
): Promise<{ readonly root: TrustedRoot; readonly bytes: Buffer }> {
	// Whoever answers is checked by the hash of what it answers, so its certificate need not be believed.
	const reply = await askAnyone(`${url.origin}/v1/roots/${url.org_id}/${url.root_sha256}`);
	if (reply.status !== 200) {
		throw new TapPassError('root_mismatch', {
			detail: `${new URL(url.origin).host} has no such root document (it answered ${reply.status})`,
			hint: 'check the URL with the operator: either it is another server’s, or someone stands in between',
		});
	}
	return { root: pinRoot(reply.bytes, url.root_sha256), bytes: reply.bytes };
}

/**
 * Fetches the root documents after the pinned one, oldest first, from a server that is not trusted yet: each is believed
 * only for the signatures of the one before it.
 * @throws {TapPassError} server_unreachable, payload_malformed, or the server's own code
 */
export async function fetchRootsAfter(url: BootstrapUrl): Promise<RootsAnswer['roots']> {
	const reply = await askAnyone(`${url.origin}/v1/roots/${url.org_id}/${url.root_sha256}/after`);
	return parseWith(rootsAnswerSchema, expectStatus(reply, 200), 'the root documents').roots;
}

async function askAnyone(url: string): Promise<Reply> {
	const agent = new Agent({ rejectUnauthorized: false });
	try {
		return await ask({ agent }, { method: 'GET', url });
	} finally {
		agent.destroy();
	}
}

/**
 * Opens a connection whose certificate chains to the CA that the root document lists; nothing has been sent on it yet.
 * @param deadlineMs for the whole of it: one that trickles a byte now and then is never idle
 * @throws {TapPassError} root_mismatch, server_unreachable
 */
export function connectPinned(
	origin: string,
	root: TrustedRoot,
	deadlineMs: number = limits.requestMs,
): Promise<TLSSocket> {
	const { hostname, port } = new URL(origin);
	const servername = hostPlaneName(root.document.org_id);
	const host = hostname.replace(/^\[|\]$/g, '');
	return new Promise((resolve, reject) => {
		const options = { host, port: Number(port === '' ? 443 : port), servername, rejectUnauthorized: false };
		const socket = connect(options, () => {
			clearTimeout(timer);
			if (isPinned(socket.getPeerX509Certificate(), root, servername)) return resolve(socket);
			socket.destroy();
			reject(
				new TapPassError('root_mismatch', {
					detail: `${host} shows a certificate that does not chain to the CA of the root document`,
					hint: 'someone stands between this machine and the control plane; nothing secret was sent',
				}),
			);
		});
		const timer = setTimeout(() => socket.destroy(new Error('it does not finish the handshake')), deadlineMs);
		socket.on('error', (cause) => {
			clearTimeout(timer);
			reject(unreachable(origin, cause));
		});
	});
}

function isPinned(leaf: X509Certificate | undefined, root: TrustedRoot, servername: string): boolean {
	const ca = leaf?.issuerCertificate;
	if (leaf === undefined || ca === undefined) return false;
	const now = Date.now();
	return (
		spkiSha256(ca) === root.document.host_ca_spki_sha256 &&
		ca.verify(ca.publicKey) &&
		leaf.verify(ca.publicKey) &&
		leaf.checkHost(servername) === servername &&
		leaf.validFromDate.getTime() <= now &&
		now < leaf.validToDate.getTime()
	);
}

/** SHA-256 of a certificate's public key (SPKI), hex. */
export function spkiSha256(certificate: X509Certificate): string {
	return hash('sha256', certificate.publicKey.export({ format: 'der', type: 'spki' }), 'hex');
}
