import { TapPassError } from '@tappass/core';
import type { Listen } from '@tappass/server';

/** Reads `host:port`, an IPv6 address in brackets. @throws {TapPassError} usage */
export function readListen(text: string): Listen {
	const [, bracketed, plain, port] = /^(?:\[([0-9a-fA-F:]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text) ?? [];
	const host = bracketed ?? plain;
	if (host === undefined || Number(port) > 65_535)
		throw new TapPassError('usage', {
			detail: `${JSON.stringify(text)} is no address to listen at`,
			hint: 'write host:port, like 127.0.0.1:7600',
		});
	return { host, port: Number(port) };
}
