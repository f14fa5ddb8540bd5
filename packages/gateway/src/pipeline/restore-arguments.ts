import { bound, type CallState, setEdit } from './call-state.ts';
import type { Context } from './context.ts';
import { textsOf, withTexts } from './json-texts.ts';
import { choiceOf } from './parameters.ts';
import { tokensIn } from './pseudonyms.ts';
import { replaceSpans } from './spans.ts';

/**
 * Tokens in a tool's arguments that stand for values the agent has not seen become those values again, for the tool alone, and
 * before any step judges the arguments: a rule must see where a mail really goes.
 */
export async function restoreArguments(state: CallState, { ports }: Context): Promise<void> {
	const { call } = state;
	if (call.kind !== 'tool' || choiceOf(state, 'scan_output', 'mode') !== 'reversible') return;
	const texts = textsOf(call.args).filter(({ key, text }) => !key && tokensIn(text).length > 0);
	if (texts.length === 0) return;
	const { policy, session } = bound(state);
	const tokens = [...new Set(texts.flatMap(({ text }) => tokensIn(text).map(({ token }) => token)))];
	const values = await ports.pseudonyms.find(policy.org_id, session.id, tokens);
	const restored = new Map<string, string>();
	for (const { at, text } of texts) {
		const spans = tokensIn(text).flatMap(({ token, start, end }) => {
			const value = values.get(token);
			return value === undefined ? [] : [{ start, end, text: value }];
		});
		if (spans.length > 0) restored.set(at, replaceSpans(text, spans));
	}
	for (const [at, text] of restored) setEdit(state, at, text);
	state.call = { ...call, args: withTexts(call.args, restored) };
}
