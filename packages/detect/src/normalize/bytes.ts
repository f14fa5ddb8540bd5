/** Hexadecimal and base64 to bytes; both alphabets of base64, padding optional. The caller has checked the characters. */
const sextets = new Uint8Array(128);
for (const [index, char] of [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'].entries())
	sextets[char.charCodeAt(0)] = index;
sextets[45] = 62;
sextets[95] = 63;

export function bytesOfHex(text: string): Uint8Array {
	const bytes = new Uint8Array(text.length >> 1);
	for (let at = 0; at < bytes.length; at += 1)
		bytes[at] = (nibble(text.charCodeAt(2 * at)) << 4) | nibble(text.charCodeAt(2 * at + 1));
	return bytes;
}
function nibble(code: number): number {
	return code <= 57 ? code - 48 : (code | 32) - 87;
}

/** Bytes of a base64 run; a last sextet that is too few for a byte is left out. */
export function bytesOfBase64(text: string): Uint8Array {
	const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
	let bits = 0;
	let held = 0;
	let at = 0;
	for (let index = 0; index < text.length; index += 1) {
		held = ((held << 6) | sextets[text.charCodeAt(index) & 127]!) & 0xffff;
		bits += 6;
		if (bits < 8) continue;
		bits -= 8;
		bytes[at] = (held >> bits) & 0xff;
		at += 1;
	}
	return bytes;
}
