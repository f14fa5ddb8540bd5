import { type Diagnostic, TapPassError } from '@tappass/core';
import {
	type Document,
	isAlias,
	isCollection,
	isMap,
	isNode,
	isScalar,
	LineCounter,
	type Node,
	parseAllDocuments,
	visit,
} from 'yaml';
import { policyLimits } from '../limits.ts';
import { codePoints, decodeText, type Place, type SourceFile } from './input.ts';
import { quickValue } from './quick-yaml.ts';

/** A YAML file as plain values, and where each of them stands. */
export interface YamlFile {
	readonly file: string;
	readonly value: unknown;
	/** Place of the value at a path; of its key with `key`; of the nearest parent when the path leads nowhere. */
	readonly at: (path: readonly PropertyKey[], what?: 'key' | 'value') => Place;
}

/**
 * Reads one YAML file. Everything that could mean two things is refused: anchors and aliases, merge keys, custom tags,
 * duplicate keys, keys that are no strings, several documents in one file.
 */
export function readYaml(source: SourceFile): YamlFile | { readonly diagnostics: readonly Diagnostic[] } {
	const decoded = decodeText(source);
	if ('diagnostic' in decoded) return { diagnostics: [decoded.diagnostic] };
	const { text } = decoded;
	const quick = quickValue(text);
	if (quick === undefined) return readWithPlaces(source, text);
	// Places are asked for by faults and trails only; the text is read again then, by the parser that knows them.
	let placed: YamlFile | undefined;
	const at: YamlFile['at'] = (path, what) => {
		placed ??= placedOrThrow(source, text);
		return placed.at(path, what);
	};
	return { file: source.file, value: quick.value, at };
}

function placedOrThrow(source: SourceFile, text: string): YamlFile {
	const read = readWithPlaces(source, text);
	if ('at' in read) return read;
	throw new TapPassError('internal', { detail: `${source.file}: two YAML parsers disagree` });
}

function readWithPlaces(source: SourceFile, text: string): YamlFile | { readonly diagnostics: readonly Diagnostic[] } {
	const lines = new LineCounter();
	const place = (offset: number): Place => placeOf(source.file, text, lines, offset);
	const deep = nestingOffset(text);
	if (deep !== undefined)
		return {
			diagnostics: [
				{
					code: 'policy_invalid',
					...placeByScan(source.file, text, deep),
					message: `nested more than ${policyLimits.yamlDepthMax} levels deep`,
					hint: 'no document of TapPass needs this',
				},
			],
		};
	let documents: readonly Document.Parsed[];
	try {
		documents = [
			...parseAllDocuments(text, {
				lineCounter: lines,
				version: '1.2',
				uniqueKeys: true,
				merge: false,
				prettyErrors: false,
				strict: true,
				stringKeys: false,
			}),
		] as readonly Document.Parsed[];
	} catch (error) {
		// The parser recurses with the nesting: block nesting deep enough to end the stack is refused like any other.
		if (error instanceof RangeError)
			return {
				diagnostics: [
					{
						code: 'policy_invalid',
						file: source.file,
						row: 1,
						col: 1,
						message: 'nested too deeply',
						hint: 'no document of TapPass needs this',
					},
				],
			};
		throw error;
	}
	const document = documents[0];
	const diagnostics: Diagnostic[] = documents.flatMap((each) =>
		[...each.errors, ...each.warnings].map((issue) => ({
			code: 'policy_invalid' as const,
			...place(issue.pos[0]),
			// The parser reports its own exhausted stack as a fault of the document.
			message: /call stack/.test(issue.message)
				? 'nested too deeply'
				: issue.message.replace(/\s+at line \d+[\s\S]*$/, ''),
		})),
	);
	if (document === undefined || document.contents === null)
		return {
			diagnostics:
				diagnostics.length > 0
					? diagnostics
					: [
							{
								code: 'policy_invalid',
								file: source.file,
								row: 1,
								col: 1,
								message: 'the file is empty',
								hint: 'start with a line such as schema: tappass.concern/1',
							},
						],
		};
	if (documents.length > 1)
		diagnostics.push({
			code: 'policy_invalid',
			...place(documents[1]!.range[0]),
			message: 'a second document starts here',
			hint: 'write one document per file',
		});
	for (const each of documents) diagnostics.push(...refusedNodes(each, place));
	if (diagnostics.length > 0) return { diagnostics };
	return {
		file: source.file,
		value: document.toJS({ maxAliasCount: 0 }),
		at: (path, what = 'value') => place(offsetOf(document, path, what)),
	};
}

function refusedNodes(document: Document.Parsed, place: (offset: number) => Place): readonly Diagnostic[] {
	const found: Diagnostic[] = [];
	const refuse = (node: Node, message: string, hint: string): void => {
		found.push({ code: 'policy_invalid', ...place(node.range?.[0] ?? 0), message, hint });
	};
	visit(document, {
		Node(_, node, path) {
			if (path.length > policyLimits.yamlDepthMax * 2) {
				refuse(node, `nested more than ${policyLimits.yamlDepthMax} levels deep`, 'no document of TapPass needs this');
				return visit.BREAK;
			}
			if (isAlias(node)) refuse(node, 'an alias (*) is not allowed', 'write the value out');
			else if (node.anchor !== undefined)
				refuse(node, 'an anchor (&) is not allowed', 'write the value out where it is needed');
			if (node.tag !== undefined && !node.tag.startsWith('tag:yaml.org,2002:'))
				refuse(node, `the tag ${node.tag} is not allowed`, 'leave it out');
			return undefined;
		},
		Pair(_, pair) {
			const { key } = pair;
			if (!isScalar(key)) {
				if (isNode(key)) refuse(key, 'a key must be a plain name', 'write a name and a colon');
			} else if (key.value === '<<') refuse(key, 'a merge key (<<) is not allowed', 'write the entries out');
			else if (typeof key.value !== 'string') refuse(key, 'a key must be text', 'put it in quotes');
			else if (key.value === '__proto__' || key.value === 'constructor' || key.value === 'prototype')
				refuse(key, `${key.value} is not allowed as a key`, 'choose another name');
		},
	});
	return found;
}

// Flow nesting is counted on the text before the parser, which recurses, sees it. Brackets in quoted text count too: a
// document that has 32 more opening than closing ones in its strings is refused as well, which no honest one is.
function nestingOffset(text: string): number | undefined {
	let depth = 0;
	for (let index = 0; index < text.length; index += 1) {
		const character = text.charCodeAt(index);
		if (character === 0x5b || character === 0x7b) depth += 1;
		else if (character === 0x5d || character === 0x7d) depth = Math.max(0, depth - 1);
		if (depth > policyLimits.yamlDepthMax * 2) return index;
	}
	return undefined;
}

function placeByScan(file: string, text: string, offset: number): Place {
	const before = text.slice(0, offset);
	return { file, row: before.split('\n').length, col: codePoints(before.slice(before.lastIndexOf('\n') + 1)) + 1 };
}
function placeOf(file: string, text: string, lines: LineCounter, offset: number): Place {
	const { line, col } = lines.linePos(offset);
	return { file, row: Math.max(line, 1), col: codePoints(text.slice(offset - Math.max(col - 1, 0), offset)) + 1 };
}

function offsetOf(document: Document.Parsed, path: readonly PropertyKey[], what: 'key' | 'value'): number {
	let node: unknown = document.contents;
	let offset = rangeStart(node) ?? 0;
	for (const [index, part] of path.entries()) {
		if (!isCollection(node)) break;
		const last = index === path.length - 1;
		if (isMap(node)) {
			const pair = node.items.find((item) => isScalar(item.key) && item.key.value === String(part));
			if (pair === undefined) break;
			const keyOffset = rangeStart(pair.key);
			const valueOffset = isNode(pair.value) ? rangeStart(pair.value) : undefined;
			offset = (last && what === 'key' ? keyOffset : (valueOffset ?? keyOffset)) ?? offset;
			node = pair.value;
		} else {
			const item: unknown = node.items[Number(part)];
			if (item === undefined) break;
			offset = rangeStart(item) ?? offset;
			node = item;
		}
	}
	return offset;
}
function rangeStart(node: unknown): number | undefined {
	return isNode(node) ? (node.range?.[0] ?? undefined) : undefined;
}
