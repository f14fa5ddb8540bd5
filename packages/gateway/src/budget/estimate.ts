import { gatewayLimits } from '../limits.ts';
import type { Usage } from '../pipeline/admission.ts';
import type { ModelCall } from '../pipeline/call.ts';

/** Dollars per million tokens. */
export interface Price {
	readonly input: number;
	readonly output: number;
	readonly cache_read: number;
	readonly cache_write: number;
}

/** Tokens that a call may use, prompt and answer apart; the prompt is taken for more than it is likely to be. */
export function estimateTokens(call: ModelCall): { readonly prompt: number; readonly answer: number } {
	const textBytes = call.texts.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
	const { bytesPerToken, otherTokensMax, answerTokens } = gatewayLimits;
	const other = Math.max(0, call.body_bytes - textBytes);
	const prompt = Math.ceil(textBytes / bytesPerToken) + Math.min(Math.ceil(other / bytesPerToken), otherTokensMax);
	return { prompt, answer: (call.max_tokens ?? answerTokens) * answersOf(call) };
}

// Several answers to one prompt, on the wires that have them: each may be as long as one.
function answersOf({ body }: ModelCall): number {
	const n = typeof body === 'object' && body !== null && 'n' in body ? body['n'] : 1;
	return typeof n === 'number' && n >= 1 ? n : 1;
}

/** The most that an estimate can cost: a vendor may charge more for writing a prompt to its cache than for reading it. */
export function dearest(price: Price, tokens: { readonly prompt: number; readonly answer: number }): number {
	const input = Math.max(price.input, price.cache_write, price.cache_read);
	return (tokens.prompt * input + tokens.answer * price.output) / 1_000_000;
}

/** Every token that was used, wherever it came from. */
export function usedTokens(usage: Usage): number {
	return usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens + usage.output_tokens;
}

/** What the usage costs; cached tokens at their own price, each token once. */
export function costOf(price: Price, usage: Usage): number {
	return (
		(usage.input_tokens * price.input +
			usage.cache_read_tokens * price.cache_read +
			usage.cache_write_tokens * price.cache_write +
			usage.output_tokens * price.output) /
		1_000_000
	);
}
