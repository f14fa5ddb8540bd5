import type { Json } from '@tappass/core';
import { isList, isRecord } from '../stream/json-value.ts';

/** A text by which it is seen where it comes out. */
export const marker = 'kaboom';
const forbidden = `what goes ${marker}`;

/** The value with the text at one place after the other: in place of each text, number and nothing, and as a member more. */
export function* changed(value: Json, at = ''): Generator<{ readonly at: string; readonly value: Json }> {
	if (isList(value)) {
		for (const [index, item] of value.entries())
			for (const one of changed(item, `${at}/${index}`)) yield { ...one, value: value.with(index, one.value) };
		yield { at: `${at}/-`, value: [...value, forbidden] };
		yield { at: `${at}/{}`, value: [...value, { type: 'text', text: forbidden }] };
	} else if (isRecord(value)) {
		for (const [key, below] of Object.entries(value))
			for (const one of changed(below, `${at}/${key}`)) yield { ...one, value: { ...value, [key]: one.value } };
		yield { at: `${at}/more`, value: { ...value, more: forbidden } };
		yield { at: `${at}/deep`, value: { ...value, deep: [{ type: 'x', data: forbidden, content: [forbidden] }] } };
		yield { at: `${at}/name`, value: { ...value, [forbidden]: 1 } };
	} else {
		yield { at, value: forbidden };
		yield { at: `${at}/{}`, value: { text: forbidden } };
	}
}
