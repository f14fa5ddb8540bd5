import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Refusal } from './decide.ts';
import type { DenialCode } from './types.ts';

/** HTTP status by which a client hears of a refusal. */
export const refusalStatus: Readonly<Record<DenialCode, number>> = {
	keyring_expired: 403,
	domain_not_allowed: 403,
	domain_denied: 403,
	metadata_address: 403,
	private_address: 403,
	name_unresolved: 502,
	host_mismatch: 403,
	request_malformed: 400,
	connection_limit: 429,
	revoked: 403,
	upstream_unreachable: 502,
};

interface Refused {
	readonly status: number;
	readonly headers: Readonly<Record<string, string>>;
	readonly body: string;
}

function refused({ code, reason }: Refusal): Refused {
	const body = `${JSON.stringify({ error: { code, message: `tappass: ${reason}` } })}\n`;
	return {
		status: refusalStatus[code],
		headers: {
			'content-type': 'application/json',
			'content-length': String(Buffer.byteLength(body)),
			'x-tappass-code': code,
			// SDKs ask again after a 409 or 429 otherwise.
			'x-should-retry': 'false',
			connection: 'close',
		},
		body,
	};
}

/** Answers a request with a refusal; ends the connection when the answer has already begun. */
export function refuseRequest(response: ServerResponse, refusal: Refusal): void {
	if (response.headersSent) {
		response.destroy();
		return;
	}
	const { status, headers, body } = refused(refusal);
	response.writeHead(status, headers).end(body);
}

/** The same on a bare connection: a CONNECT, or one that never became a request. */
export function refuseSocket(socket: Duplex, refusal: Refusal): void {
	if (!socket.writable) {
		socket.destroy();
		return;
	}
	const { status, headers, body } = refused(refusal);
	const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
	socket.end([`HTTP/1.1 ${status} Refused`, ...lines, '', body].join('\r\n'));
	// Whoever keeps sending after an answer like this is not waited for.
	socket.once('finish', () => socket.destroy());
}
