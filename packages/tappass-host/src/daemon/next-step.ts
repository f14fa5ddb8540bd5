import { type ErrorCode, TapPassError } from '@tappass/core';

const enrol = (name: string): string => `then run: tappass-host init ${name} --replace --enroll-url '<url>'`;

/** By code: what a host owner does about a certificate that the control plane does not take any more. */
const steps: Readonly<Partial<Record<ErrorCode, (name: string) => string>>> = {
	certificate_expired: (name) =>
		`it cannot renew itself: ask the operator for the URL of tappass sandbox reenroll ${name}, ${enrol(name)}`,
	certificate_superseded: (name) =>
		`it was enrolled anew, here or on another host; if this is the right one, ask the operator for the URL of tappass sandbox reenroll ${name}, ${enrol(name)}; if not: tappass-host uninstall ${name}`,
	sandbox_revoked: (name) =>
		`it stays revoked; ask the operator for a new sandbox (tappass sandbox-spec emit-bootstrap), ${enrol(name)}`,
	sandbox_locked: (name) =>
		`two hosts showed its identity; the operator finds out which is the copy, revokes the sandbox and makes another, ${enrol(name)}`,
};

/** The same error with what to do about it, when there is something that only enrolling anew mends. */
export function withNextStep(error: TapPassError, name: string): TapPassError {
	const step = steps[error.code];
	if (step === undefined || error.hint !== undefined) return error;
	const { cause, code, detail } = error;
	return new TapPassError(code, { hint: step(name), cause, ...(detail !== undefined && { detail }) });
}
