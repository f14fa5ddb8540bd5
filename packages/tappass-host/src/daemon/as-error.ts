import { TapPassError } from '@tappass/core';

/** What was thrown, as one of ours: anything else is a fault of this program. */
export function asTapPassError(error: unknown): TapPassError {
	return error instanceof TapPassError ? error : new TapPassError('internal', { cause: error });
}
