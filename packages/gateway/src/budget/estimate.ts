import { gatewayLimits } from '../limits.ts';
import type { Usage } from '../pipeline/admission.ts';
import type { ModelCall } from '../pipeline/call.ts';
import { factorOf, hourPrice, longFactors, type Rate } from './tariff.ts';

/** Dollars per million tokens. */
export interface Price {
	readonly input: number;
	readonly output: number;
	readonly cache_read: number;
	readonly cache_write: number;
	/** Times as much that a faster tier costs; undefined: nobody knows. */
	readonly priority?: number | undefined;
	/** Tokens of a prompt above which it, and its answer, are charged as long ones. */
	readonly long_above?: number | undefined;
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
export function dearest(
	price: Price,
	tokens: { readonly prompt: number; readonly answer: number },
	rates: readonly Rate[],
): number {
	const { input, output, cache_read, cache_write } = price;
	const each = Math.max(input, cache_write, cache_read, rates.includes('hour') ? hourPrice(price) : 0);
	return charged(price, tokens.prompt, tokens.prompt * each, tokens.answer * output, rates);
}

/** Every token that was used, wherever it came from. */
export function usedTokens(usage: Usage): number {
	return usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens + usage.output_tokens;
}

/** What the usage costs; cached tokens at their own price, each token once. */
export function costOf(price: Price, usage: Usage, rates: readonly Rate[]): number {
	const { input_tokens, cache_read_tokens, cache_write_tokens, cache_write_hour_tokens = 0, output_tokens } = usage;
	const hour = Math.min(cache_write_hour_tokens, cache_write_tokens);
	const prompt =
		input_tokens * price.input +
		cache_read_tokens * price.cache_read +
		(cache_write_tokens - hour) * price.cache_write +
		hour * hourPrice(price);
	const tokens = input_tokens + cache_read_tokens + cache_write_tokens;
	return charged(price, tokens, prompt, output_tokens * price.output, rates);
}

function charged(
	{ long_above, priority }: Price,
	promptTokens: number,
	prompt: number,
	answer: number,
	rates: readonly Rate[],
): number {
	const long = promptTokens > (long_above ?? Number.POSITIVE_INFINITY);
	const list = long ? prompt * longFactors.prompt + answer * longFactors.answer : prompt + answer;
	return (list * factorOf(rates, priority)) / 1_000_000;
}
