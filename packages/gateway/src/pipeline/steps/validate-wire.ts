import { isToolName, type Json, TapPassError } from '@tappass/core';
import { gatewayLimits } from '../../limits.ts';
import type { ModelCall, ToolCall } from '../call.ts';
import type { CallState } from '../call-state.ts';
import type { Context } from '../context.ts';
import { finding, type Said } from '../findings.ts';
import { foldedName, isFoldable } from '../folded-name.ts';
import { numberOf } from '../parameters.ts';
import { restoreArguments } from '../restore-arguments.ts';
import { defineStep, nothing, type Step } from '../step.ts';
import { argsOf } from '../tool-facts.ts';

/** Step 6: what the door read is whole, and no larger or deeper than the policy allows. */
export const validateWire: Step = defineStep('validate_wire', {
	budget: gatewayLimits.stepAsksMs,
	run: async (state, context) => {
		const said = faultOf(state) ?? (await faultOfArguments(state, context));
		return said === undefined ? nothing : [finding(state, 'validate_wire', said)];
	},
});

function faultOf(state: CallState): Said | undefined {
	const { call } = state;
	const bytes = numberOf(state, 'validate_wire', 'body_bytes_max') ?? gatewayLimits.bodyBytesMax;
	if (!(call.body_bytes <= bytes))
		return tooMuch('request_too_large', `The body is larger than ${bytes} bytes.`, 'body_bytes_max');
	const depth = Math.min(
		numberOf(state, 'validate_wire', 'depth_max') ?? gatewayLimits.bodyDepthMax,
		gatewayLimits.bodyDepthMax,
	);
	const content = call.kind === 'model' ? call.body : call.args;
	if (isDeeper(content, depth))
		return tooMuch('json_too_deep', `The body is nested deeper than ${depth} levels.`, 'depth_max');
	return call.kind === 'model' ? faultOfModelCall(state, call) : (faultOfToolName(call.tool) ?? faultOfNames(call));
}

function faultOfModelCall(state: CallState, call: ModelCall): Said | undefined {
	const messages = numberOf(state, 'validate_wire', 'messages_max') ?? gatewayLimits.messagesMax;
	if (call.texts.length > messages)
		return tooMuch('request_too_large', `More than ${messages} messages.`, 'messages_max');
	if (call.offered_tools.length > gatewayLimits.offeredToolsMax)
		return { code: 'request_too_large', message: `More than ${gatewayLimits.offeredToolsMax} tools are offered.` };
	if (call.model === '') return { code: 'request_malformed', message: 'The call names no model.' };
	const { max_tokens } = call;
	if (max_tokens !== undefined && !(Number.isSafeInteger(max_tokens) && max_tokens >= 0))
		return { code: 'request_malformed', message: 'The limit of tokens is not a whole number.' };
	return undefined;
}

function faultOfToolName(tool: string): Said | undefined {
	return isToolName(tool) ? undefined : { code: 'request_malformed', message: 'The tool has no well-formed name.' };
}

// Rules go by the exact names of arguments. A server that does not would take `Path` for the `path` that was judged.
function faultOfNames({ args, definition }: ToolCall): Said | undefined {
	if (!isRecord(args)) return undefined;
	const schema = isRecord(definition) ? definition['inputSchema'] : undefined;
	const properties = isRecord(schema) && isRecord(schema['properties']) ? Object.keys(schema['properties']) : [];
	const names = new Set([...Object.keys(args), ...properties]);
	if (![...names].some(isFoldable) || new Set([...names].map(foldedName)).size === names.size) return undefined;
	// A tool that has both of them by its own definition tells them apart.
	const own = new Set(properties);
	const strange = Object.keys(args)
		.filter((name) => !own.has(name))
		.map(foldedName);
	const known = properties.map(foldedName);
	const isTwin = strange.some((name, at) => known.includes(name) || strange.indexOf(name) !== at);
	return isTwin
		? { code: 'request_malformed', message: 'An argument has the name of another one but for case.' }
		: undefined;
}

function isRecord(value: Json | undefined): value is { readonly [key: string]: Json } {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

async function faultOfArguments(state: CallState, context: Context): Promise<Said | undefined> {
	if (state.call.kind === 'model') return undefined;
	await restoreArguments(state, context);
	try {
		argsOf(state);
		return undefined;
	} catch (error) {
		// Approvals and loops go by the hash of the arguments: what cannot be written in one way only has none.
		if (!(error instanceof TapPassError)) throw error;
		return { code: error.code, message: `The arguments were refused: ${error.row.title.toLowerCase()}.` };
	}
}

function tooMuch(code: 'request_too_large' | 'json_too_deep', message: string, parameter: string): Said {
	return { code, message, paths: [['steps', 'validate_wire', 'parameters', parameter]] };
}

function isDeeper(value: Json, levels: number): boolean {
	if (typeof value !== 'object' || value === null) return false;
	if (levels <= 0) return true;
	for (const inner of Object.values(value)) if (isDeeper(inner, levels - 1)) return true;
	return false;
}
