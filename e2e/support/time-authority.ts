/** A time stamping authority on loopback: `openssl ts`, behind HTTP. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

/** A running authority. */
export interface TimeAuthority {
	readonly url: string;
	/** File of its certificate. */
	readonly ca: string;
	readonly stop: () => Promise<void>;
}

/** Starts one with a new key below a directory. */
export async function startTimeAuthority(directory: string): Promise<TimeAuthority> {
	mkdirSync(directory);
	const at = (name: string): string => join(directory, name);
	const [key, ca, config] = [at('tsa.key'), at('tsa.pem'), at('tsa.cnf')];
	writeFileSync(
		config,
		['[tsa]', `serial = ${at('serial')}`, 'crypto_device = builtin', `signer_cert = ${ca}`, `signer_key = ${key}`]
			.concat(['signer_digest = sha256', 'default_policy = 1.2.3.4.1', 'digests = sha256'])
			.join('\n'),
	);
	const make = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', ca, '-days', '2'];
	const usage = ['-addext', 'extendedKeyUsage=critical,timeStamping', '-addext', 'keyUsage=digitalSignature'];
	execFileSync('openssl', [...make, '-subj', '/CN=Test time authority', ...usage], { stdio: 'ignore' });
	const server = createServer(async (request, response) => {
		const parts: Buffer[] = [];
		for await (const part of request) parts.push(part as Buffer);
		writeFileSync(at('query'), Buffer.concat(parts));
		const reply = [
			'ts',
			'-reply',
			'-config',
			config,
			'-section',
			'tsa',
			'-queryfile',
			at('query'),
			'-out',
			at('reply'),
		];
		execFileSync('openssl', reply, { stdio: 'ignore' });
		response.setHeader('content-type', 'application/timestamp-reply');
		response.end(readFileSync(at('reply')));
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	const { port } = server.address() as AddressInfo;
	const stop = async (): Promise<void> => {
		server.close();
		await once(server, 'close');
	};
	return { url: `http://127.0.0.1:${port}/`, ca, stop };
}
