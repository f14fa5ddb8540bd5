/** Of a text at most this part may be no character: enough for a stray byte, not for a picture with a caption. */
const strayMax = 0.1;

/**
 * The text that base64 stands for, in UTF-8 or UTF-16, also with a few bytes in it that are no text: readers are lenient.
 * Undefined: it is no text, so there is nothing in it that a detector could read.
 */
export function textOfBase64(data: string): string | undefined {
	const bytes = Buffer.from(data, 'base64');
	if (bytes.length === 0) return undefined;
	// Text never begins as pictures, archives and documents do: most of them are told from their beginning.
	if (isBinary(decode(bytes.subarray(0, 4_096)))) return undefined;
	const text = decode(bytes);
	return isBinary(text) ? undefined : text;
}

function decode(bytes: Buffer): string {
	const encoding = encodingOf(bytes);
	return new TextDecoder(encoding).decode(bytes);
}

function encodingOf(bytes: Buffer): string {
	const [first, second] = bytes;
	if (first === 0xff && second === 0xfe) return 'utf-16le';
	if (first === 0xfe && second === 0xff) return 'utf-16be';
	// Latin letters in UTF-16 have a zero each.
	let [even, odd] = [0, 0];
	const looked = Math.min(bytes.length, 4_096);
	for (let at = 0; at < looked; at += 1) if (bytes[at] === 0) at % 2 === 0 ? (even += 1) : (odd += 1);
	if (odd * 4 > looked && even * 16 < looked) return 'utf-16le';
	return even * 4 > looked && odd * 16 < looked ? 'utf-16be' : 'utf-8';
}

function isBinary(text: string): boolean {
	const stray = text.match(/[\u0000-\u0008\u000e-\u001f\ufffd]/g)?.length ?? 0;
	return stray > text.length * strayMax;
}
