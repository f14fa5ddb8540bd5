import { bytesOfBase64 } from '../normalize/bytes.ts';

/** Weights of a linear model over hashed features, as a module that the training script writes. */
export interface PackedWeights {
	/** SHA-256 of the weights: what the figures in the README were made with. */
	readonly sha256: string;
	/** A weight is its byte, as a signed integer, times this. */
	readonly scale: number;
	readonly extra: readonly number[];
	/** Bytes in base64. */
	readonly data: string;
}

export function unpackWeights({ data }: PackedWeights): Int8Array {
	const bytes = bytesOfBase64(data);
	return new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}
