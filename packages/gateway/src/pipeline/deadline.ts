import { type ErrorCode, TapPassError } from '@tappass/core';

/**
 * What a promise answers, if it does in time.
 * @throws {TapPassError} `code` when it does not; whatever the promise rejects with
 */
export function within<T>(ms: number, promise: Promise<T>, code: ErrorCode): Promise<T> {
	return new Promise((resolve, reject) => {
		const timer = setTimeout(() => reject(new TapPassError(code, { detail: `no answer within ${ms} ms` })), ms);
		promise.then(
			(value) => {
				clearTimeout(timer);
				resolve(value);
			},
			(error: unknown) => {
				clearTimeout(timer);
				reject(error);
			},
		);
	});
}
