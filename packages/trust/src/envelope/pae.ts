/**
 * The bytes that are signed: DSSE v1 pre-authentication encoding of a payload and its type.
 * Lengths are bytes in decimal, so no payload can be read as another type.
 * @see https://github.com/secure-systems-lab/dsse/blob/master/protocol.md
 */
export function preAuthenticationEncoding(payloadType: string, payload: Uint8Array): Uint8Array {
	const head = Buffer.from(`DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.byteLength} `);
	return Buffer.concat([head, payload]);
}
