/**
 * Decodes base64 in its one canonical form (RFC 4648 §4, with padding), or answers undefined.
 * Whitespace, missing padding and stray trailing bits are refused: one byte string has one text.
 */
export function decodeBase64(text: string): Uint8Array | undefined {
	return exact(text, 'base64');
}

/** Decodes base64url without padding (RFC 7515 §2) in its one canonical form, or answers undefined. */
export function decodeBase64Url(text: string): Uint8Array | undefined {
	return exact(text, 'base64url');
}

/** Encodes bytes as base64 with padding. */
export function encodeBase64(bytes: Uint8Array): string {
	return view(bytes).toString('base64');
}

/** Encodes bytes as base64url without padding. */
export function encodeBase64Url(bytes: Uint8Array): string {
	return view(bytes).toString('base64url');
}

function exact(text: string, encoding: 'base64' | 'base64url'): Uint8Array | undefined {
	const bytes = Buffer.from(text, encoding);
	// Buffer skips foreign characters and drops stray bits without a word; only the text it would write is accepted.
	return bytes.toString(encoding) === text ? bytes : undefined;
}

function view(bytes: Uint8Array): Buffer {
	return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
