import {
	type ErrorCode,
	type OrgId,
	orgIdSchema,
	parseBytesWith,
	type SandboxId,
	sandboxIdSchema,
	TapPassError,
} from '@tappass/core';
import { type CertificateAnswer, certificateAnswerSchema } from '@tappass/trust';
import { z } from 'zod';
import type { Files } from './files.ts';

/** Who a sandbox is; written once, when its enrolment ends. */
export interface Enrolment {
	readonly schema: 'tappass.host-enrolment/1';
	readonly name: string;
	readonly org_id: OrgId;
	readonly sandbox_id: SandboxId;
	readonly sync_url: string;
	readonly enrolled_at: string;
}

/** The key and its certificate in one file: no crash leaves one without the other. */
export interface Credentials {
	readonly schema: 'tappass.host-credentials/1';
	/** PKCS#8, PEM. */
	readonly key: string;
	readonly certificate: CertificateAnswer;
}

/** What the host owner asked to run; it is started again when the daemon comes back. */
export interface RunRequest {
	readonly schema: 'tappass.host-run/1';
	/** As it was typed, for people. */
	readonly agent: string;
	/** Name of the program, as a harness is known by it. */
	readonly name: string;
	/** What is run, absolute: a program, or an interpreter and a file. */
	readonly program: readonly string[];
	/** Its arguments, never a shell string. */
	readonly args: readonly string[];
	/** What the program is made of, shown inside read-only: where it lies on the host, and where the program expects it. */
	readonly mounts: readonly { readonly from: string; readonly at: string }[];
	/** Directory of the host that becomes the workspace. */
	readonly workspace: string;
	/** The host owner's word: a stopped one stays stopped. */
	readonly wanted: boolean;
}

const text = z.string().min(1).max(4_096);
const absolute = z
	.string()
	.regex(/^\/[^\u0000]*$/)
	.max(4_096);
/** Shape of `enrolment.json`. */
export const enrolmentSchema = z.strictObject({
	schema: z.literal('tappass.host-enrolment/1'),
	name: text,
	org_id: orgIdSchema,
	sandbox_id: sandboxIdSchema,
	sync_url: z.url({ protocol: /^https$/ }).max(512),
	enrolled_at: text,
}) as unknown as z.ZodType<Enrolment>;
/** Shape of `credentials.json`. */
export const credentialsSchema = z.strictObject({
	schema: z.literal('tappass.host-credentials/1'),
	key: text,
	certificate: certificateAnswerSchema,
}) as unknown as z.ZodType<Credentials>;
/** Shape of `run.json`, and of a request to start. */
export const runRequestSchema = z.strictObject({
	schema: z.literal('tappass.host-run/1'),
	agent: text,
	name: text,
	program: z.array(text).min(1).max(8),
	args: z.array(z.string().max(65_536)).max(1_024),
	mounts: z.array(z.strictObject({ from: absolute, at: absolute })).max(256),
	workspace: absolute,
	wanted: z.boolean(),
}) as unknown as z.ZodType<RunRequest>;

/** Reads one of our files; undefined when it is not there. @throws {TapPassError} `code` when it cannot be believed */
export async function readDocument<T>(
	files: Files,
	path: string,
	shape: z.ZodType<T>,
	code: ErrorCode = 'state_unreadable',
): Promise<T | undefined> {
	const bytes = await files.read(path);
	if (bytes === undefined) return undefined;
	try {
		return parseBytesWith(shape, bytes, path);
	} catch (cause) {
		throw new TapPassError(code, { detail: path, cause });
	}
}

/** The bytes of one of our files. */
export function documentText(value: object): string {
	return `${JSON.stringify(value)}\n`;
}
