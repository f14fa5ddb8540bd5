import { TapPassError } from '@tappass/core';
import type { Logger } from 'pino';

/** Says one line about one sandbox: a fixed sentence, with what there is to say as fields or as an error. */
export type SandboxLog = (
	level: 'info' | 'warn' | 'error',
	message: string,
	fields: TapPassError | Readonly<Record<string, unknown>>,
) => void;

/** Lines about the sandbox `name` in the daemon's log. */
export function sandboxLog(log: Logger, name: string): SandboxLog {
	return (level, message, fields) => {
		const told = fields instanceof TapPassError ? { code: fields.code, detail: fields.detail } : fields;
		log[level]({ sandbox: name, ...told }, message);
	};
}
