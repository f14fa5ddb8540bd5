import { hash } from 'node:crypto';
import { canonicalJson, type Json } from '@tappass/core';
import { gatewayLimits } from '../limits.ts';
import type { CallState } from './call-state.ts';
import { withTexts } from './json-texts.ts';

/** What a call carries, as audit keeps it: encrypted beside the log, or only by its hash when it is long. */
export interface Content {
	readonly sha256: string;
	readonly kept: Json;
}

/** The content as it goes on to the upstream: with the edits of the pipeline in it. */
export function contentOf(state: CallState): Content {
	state.content ??= makeContent(state);
	return state.content;
}

function makeContent({ call, edits }: CallState): Content {
	const edited = new Map(edits.map(({ at, text }) => [at, text]));
	const value: Json =
		call.kind === 'tool'
			? withTexts(call.args, edited)
			: call.texts.map(({ at, role, text }) => ({ role, text: edited.get(at) ?? text }));
	const canonical = canonicalTextOf(value);
	const text = canonical ?? JSON.stringify(value);
	const sha256 = hash('sha256', text, 'hex');
	const bytes = Buffer.byteLength(text);
	return {
		sha256,
		kept: canonical !== undefined && bytes <= gatewayLimits.payloadBytesMax ? value : { sha256, bytes },
	};
}

function canonicalTextOf(value: Json): string | undefined {
	try {
		return canonicalJson(value);
	} catch {
		// Refused for it by validate_wire; the refusal is recorded all the same, with the hash of what there is.
		return undefined;
	}
}
