import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Gateway } from '../app.ts';

/** A gateway on a port of this machine. */
export async function listen(gateway: Gateway): Promise<{ readonly url: string; readonly close: () => Promise<void> }> {
	const server = createServer(gateway.handle);
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	return {
		url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
		close: async () => {
			server.closeAllConnections();
			await new Promise((resolve) => server.close(resolve));
			await gateway.close();
		},
	};
}
