import { type OrgId, TapPassError } from '@tappass/core';
import type { McpServer, McpServerPort } from '../../ports.ts';

const bearer = 'bearer:';
const headerName = /^[A-Za-z0-9-]{1,64}$/;
// What frames a message or names who is asked is ours to write.
const ours: ReadonlySet<string> = new Set([
	'accept',
	'connection',
	'content-length',
	'content-type',
	'host',
	'mcp-method',
	'mcp-name',
	'mcp-protocol-version',
	'mcp-session-id',
	'te',
	'traceparent',
	'transfer-encoding',
	'upgrade',
]);

/**
 * The values behind a server's credentials: headers of an HTTP server, variables of a program. Each is `vault://name`, or
 * `bearer:vault://name` for `Bearer` and the secret. Nothing else is a credential: a secret written into the registry is refused.
 * @throws {TapPassError} not_found, upstream_refused
 */
export async function resolveCredentials(
	port: McpServerPort,
	org_id: OrgId,
	{ credentials, transport }: Pick<McpServer, 'credentials' | 'transport'>,
): Promise<Readonly<Record<string, string>>> {
	const resolved = await Promise.all(
		Object.entries(credentials).map(async ([name, reference]) => {
			const prefixed = reference.startsWith(bearer);
			const vaulted = prefixed ? reference.slice(bearer.length) : reference;
			if (!vaulted.startsWith('vault://') || (transport.kind === 'http' && !mayBeHeader(name)))
				throw new TapPassError('upstream_refused', { detail: `the credential ${JSON.stringify(name)} cannot be used` });
			const secret = await port.secret(org_id, vaulted);
			return [name, prefixed ? `Bearer ${secret}` : secret] as const;
		}),
	);
	return Object.fromEntries(resolved);
}

function mayBeHeader(name: string): boolean {
	return headerName.test(name) && !ours.has(name.toLowerCase());
}
