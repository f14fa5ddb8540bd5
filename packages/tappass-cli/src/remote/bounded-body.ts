/** The bytes of an answer, or undefined when there are more than `bytesMax`: no more than that is ever held. */
export async function boundedBody({ body }: Response, bytesMax: number): Promise<Uint8Array | undefined> {
	const parts: Uint8Array[] = [];
	let length = 0;
	for await (const part of body ?? []) {
		length += part.length;
		if (length > bytesMax) return undefined;
		parts.push(part);
	}
	return Buffer.concat(parts);
}
