/**
 * Aborts a controller with whichever of some signals comes first, for its reason. Once for a call this costs less than
 * `AbortSignal.any`, of which nothing can be taken back.
 * @returns what ends it
 */
export function follow(controller: AbortController, signals: readonly AbortSignal[]): () => void {
	const aborts = signals.map((signal) => ({ signal, abort: () => controller.abort(signal.reason) }));
	for (const { signal, abort } of aborts) {
		if (signal.aborted) abort();
		else signal.addEventListener('abort', abort, { once: true });
	}
	return () => {
		for (const { signal, abort } of aborts) signal.removeEventListener('abort', abort);
	};
}
