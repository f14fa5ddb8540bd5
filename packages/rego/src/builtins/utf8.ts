const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** The UTF-8 bytes of a text. A lone surrogate becomes U+FFFD. */
export function utf8(text: string): Uint8Array {
	return encoder.encode(text);
}

/** The text of UTF-8 bytes. What is not UTF-8 becomes U+FFFD: Rego strings here hold no raw bytes. */
export function textOfUtf8(bytes: Uint8Array): string {
	return decoder.decode(bytes);
}
