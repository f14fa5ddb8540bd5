export const limits = {
	/** Milliseconds between two progress lines where there is no terminal to redraw. */
	progressLineMs: 5_000,
	/** Milliseconds between two frames of a spinner. */
	spinnerFrameMs: 100,
	/** Edits away from a known word that still make it a likely meaning. */
	nearestDistanceMax: 3,
} as const;
