import { type Json, TapPassError } from '@tappass/core';
import { doorLimits } from '../door-limits.ts';
import { textOfBase64 } from '../pipeline/base64-text.ts';
import type { TextPart } from '../pipeline/call.ts';
import { longNumber, plainName } from '../pipeline/json-texts.ts';
import { isBase64, isBytes, isIdentifier } from '../stream/grammar.ts';
import { escapePart, isList, isRecord } from '../stream/json-value.ts';

type Role = TextPart['role'];

// Names of values that are part of a wire's grammar. They are passed over only while they look like identifiers.
const identifiers: ReadonlySet<string> = new Set([
	'type',
	'role',
	'id',
	'call_id',
	'item_id',
	'tool_call_id',
	'tool_use_id',
	'status',
	'phase',
	'media_type',
	'detail',
	'format',
	'ttl',
	'namespace',
	'user',
	'user_id',
	'safety_identifier',
	'prompt_cache_key',
]);
// Sealed by the vendor: nobody but it can read or make them.
const sealed: ReadonlySet<string> = new Set(['signature', 'encrypted_content']);

/**
 * Every piece of text below a value, with the pointer at which it stands: of content of kinds that are known and of
 * kinds that come later alike. Left out are identifiers, sealed values, and base64 of what is no text, such as images.
 * @throws {TapPassError} request_unsupported: content that stands elsewhere, so that nobody here could look at it
 */
export function collectTexts(value: Json, at: string, role: Role, into: TextPart[]): void {
	if (typeof value === 'string') {
		if (value === '') return;
		if (into.length >= doorLimits.textsMax)
			throw new TapPassError('request_too_large', {
				detail: `more than ${doorLimits.textsMax} pieces of text`,
			});
		into.push({ at, role, text: value });
		return;
	}
	if (typeof value === 'number' && Math.abs(value) >= longNumber) into.push({ at, role, text: String(value) });
	if (typeof value !== 'object' || value === null) return;
	if (isList(value)) {
		for (let index = 0; index < value.length; index += 1) collectTexts(value[index]!, `${at}/${index}`, role, into);
		return;
	}
	for (const [key, below] of Object.entries(value)) {
		const place = `${at}/${escapePart(key)}`;
		if (key === 'file_id' && typeof below === 'string') throw unseen(place);
		if (!plainName.test(key)) into.push({ at: place, role, text: key, fixed: true });
		if (typeof below === 'string' && isOpaque(key, below, value)) {
			const text = encodedText(key, below);
			if (text !== undefined) into.push({ at: place, role, text, fixed: true });
			continue;
		}
		collectTexts(below, place, role, into);
	}
}

/** The text of a document that travels in base64, or of what only looks like one. */
function encodedText(key: string, text: string): string | undefined {
	if (identifiers.has(key) || sealed.has(key)) return undefined;
	return textOfBase64(text.startsWith('data:') ? text.slice(text.indexOf(',') + 1) : text);
}

function isOpaque(key: string, text: string, around: { readonly [key: string]: Json }): boolean {
	if (identifiers.has(key)) return isIdentifier(text);
	if (sealed.has(key)) return isBase64(text);
	if (key === 'data') {
		return (isBytes(around['type']) || 'format' in around) && isBase64(text);
	}
	return isDataUrl(text);
}

// Only a whole value of base64 passes: text may be written into a data URL as well.
function isDataUrl(text: string): boolean {
	if (!text.startsWith('data:')) return false;
	const comma = text.indexOf(',');
	return comma > 0 && comma < 128 && text.slice(0, comma).endsWith(';base64') && isBase64(text.slice(comma + 1));
}

/** The refusal of content that is stored elsewhere. */
export function unseen(at: string): TapPassError {
	return new TapPassError('request_unsupported', {
		detail: `${at} refers to content that is kept at the vendor, where it cannot be inspected`,
		hint: 'send the content itself',
	});
}

/** The texts of members beside the conversation: what reaches the model or the vendor as text as well. */
export function collectMembers(
	body: { readonly [key: string]: Json },
	keys: readonly string[],
	role: Role,
	into: TextPart[],
): void {
	for (const key of keys) if (body[key] !== undefined) collectTexts({ [key]: body[key] }, '', role, into);
}

// Words by which callers choose among what the wire has.
const choice = /^[a-z0-9][a-z0-9_.-]{0,18}$/;

/** The texts of members that the wire's reader does not name: whatever an upstream makes of them, they reach it. */
export function collectOthers(
	body: { readonly [key: string]: Json },
	named: ReadonlySet<string>,
	into: TextPart[],
	at = '',
): void {
	for (const [key, value] of Object.entries(body)) {
		if (named.has(key)) continue;
		const found: TextPart[] = [];
		collectTexts({ [key]: value }, at, 'user', found);
		into.push(...found.filter(({ text }) => !choice.test(text)));
	}
}

/** Of a tool: what it is known by, and the parts that are looked at apart. */
const toolMembers: ReadonlySet<string> = new Set([
	'type',
	'name',
	'description',
	'parameters',
	'input_schema',
	'format',
	'function',
	'custom',
	'tools',
]);

/** The texts of a tool of the caller's beside its name, description and schema. */
export function collectTool(tool: Json | undefined, at: string, into: TextPart[]): void {
	if (!isRecord(tool)) return;
	collectOthers(tool, toolMembers, into, at);
	for (const key of ['function', 'custom'] as const) collectTool(tool[key], `${at}/${key}`, into);
	const { tools } = tool;
	if (isList(tools)) collectTools(tools, `${at}/tools`, into, () => true);
}

/** The same of a list of them, but for those that the vendor runs, which are judged as tools whole. */
export function collectTools(
	tools: Json | undefined,
	at: string,
	into: TextPart[],
	isOwn: (type: Json | undefined) => boolean,
): void {
	if (!isList(tools)) return;
	for (const [index, tool] of tools.entries())
		if (isRecord(tool) && isOwn(tool['type'])) collectTool(tool, `${at}/${index}`, into);
}
