/**
 * Runs `send` for every request, one at a time; requests that come while it runs are answered by one more run. A run that
 * fails ends the round: whoever sees the connection come back asks again.
 */
export function coalesced(send: () => Promise<void>): () => void {
	let wanted = false;
	let running = false;
	const round = async (): Promise<void> => {
		running = true;
		try {
			while (wanted) {
				wanted = false;
				await send();
			}
		} finally {
			running = false;
		}
	};
	return () => {
		wanted = true;
		if (!running) round().catch(() => undefined);
	};
}
