/** Finds data on its way out: addresses that carry it, commands that send it, bulk that is encoded. */
import type { Detection } from '../detection.ts';
import { entropy, isBase64, runEnd } from '../text/chars.ts';
import { settle } from '../text/overlap.ts';
import { findCommands } from './commands.ts';
import { findUrls } from './urls.ts';

export interface ExfiltrationOptions {
	/** Encoded bytes that one address, or one run of text, may carry without being readable; 4,096 when not stated. */
	readonly encodedBytesMax?: number;
}
export const encodedBytesDefault = 4_096;

/** Data on its way out of `text`, which may be a completion, a prompt or the arguments of a tool. */
export function detectExfiltration(text: string, options: ExfiltrationOptions = {}): readonly Detection[] {
	const encodedBytesMax = options.encodedBytesMax ?? encodedBytesDefault;
	return settle([...findUrls(text, encodedBytesMax), ...findCommands(text), ...findBulk(text, encodedBytesMax)]);
}

function findBulk(text: string, encodedBytesMax: number): readonly Detection[] {
	const found: Detection[] = [];
	const unitsMin = Math.max(64, Math.ceil((encodedBytesMax * 4) / 3));
	for (let at = 0; at < text.length; ) {
		if (!isBase64(text.charCodeAt(at))) {
			at += 1;
			continue;
		}
		const end = runEnd(text, at, text.length, isBase64);
		if (end - at > unitsMin && entropy(text.slice(at, at + 1_024)) > 3)
			found.push({ detector: 'exfiltration', class: 'encoded_bulk', start: at, end, confidence: 0.8 });
		at = end;
	}
	return found;
}
