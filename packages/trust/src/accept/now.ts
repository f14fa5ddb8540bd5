/** The host's two clocks: the wall clock may be set, the monotonic one only runs. */
export interface Now {
	/** Unix milliseconds. */
	readonly wall_ms: number;
	/** Milliseconds since any fixed moment of this process's life. */
	readonly monotonic_ms: number;
}
