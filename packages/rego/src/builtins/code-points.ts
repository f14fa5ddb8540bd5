/** How many code points a string has. Strings without surrogates, nearly all, cost one scan and no memory. */
export function codePointCount(text: string): number {
	let count = text.length;
	for (let i = 0; i < text.length - 1; i++) {
		const unit = text.charCodeAt(i);
		if (unit < 0xd800 || unit > 0xdbff) continue;
		const next = text.charCodeAt(i + 1);
		if (next >= 0xdc00 && next <= 0xdfff) {
			count--;
			i++;
		}
	}
	return count;
}

/** Whether every code point is one UTF-16 unit, so that indices agree. */
export function isPlain(text: string): boolean {
	for (let i = 0; i < text.length; i++) {
		const unit = text.charCodeAt(i);
		if (unit >= 0xd800 && unit <= 0xdfff) return false;
	}
	return true;
}
