/** Every bound of cli-kit, with its unit. */
export const limits = {
	/** Milliseconds between two progress lines where there is no terminal to redraw. */
	progressLineMs: 5_000,
	/** Milliseconds between two frames of a spinner. */
	spinnerFrameMs: 100,
} as const;
