import type { SourceFile } from '@tappass/policy';

/** A file as requests carry one. */
export function encodeFile({ file, bytes }: Pick<SourceFile, 'file' | 'bytes'>): {
	readonly file: string;
	readonly content: string;
} {
	return { file, content: Buffer.from(bytes).toString('base64') };
}
