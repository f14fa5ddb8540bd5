import { sha256Hex } from '../canonical-json/canonical.ts';
import { limits } from '../limits.ts';
import { isToolName } from './tool.ts';

/**
 * Canonical tool names on wires that allow only letters, digits, `_` and `-`, at most 64 characters: `server.tool` travels
 * as `server__tool`. A name that this would not bring back (it holds `__`, begins or ends a segment with `_`, or is too
 * long) travels as its beginning and a hash; the directory brings it back.
 */
export function toWireName(tool: string): string {
	const plain = tool.replaceAll('.', '__');
	if (plain.length <= limits.wireToolNameLengthMax && fromPlain(plain) === tool) return plain;
	const digest = sha256Hex(new TextEncoder().encode(tool)).slice(0, hashDigits);
	return `${plain.slice(0, limits.wireToolNameLengthMax - hashDigits - 3)}__h${digest}`;
}

const hashDigits = 20;
const hashedName = /__h[0-9a-f]{20}$/;

function fromPlain(wire: string): string | undefined {
	const segments = wire.split('__');
	const whole = segments.every((segment) => segment !== '' && !segment.startsWith('_') && !segment.endsWith('_'));
	return whole && !hashedName.test(wire) ? segments.join('.') : undefined;
}

/**
 * The canonical name behind a wire name, or undefined when it stands for none. `directory` lists the canonical names that
 * were offered; only names in it can come back from a hashed form.
 */
export function fromWireName(wire: string, directory: Iterable<string> = []): string | undefined {
	const plain = fromPlain(wire);
	if (plain !== undefined) return isToolName(plain) ? plain : undefined;
	for (const tool of directory) if (toWireName(tool) === wire) return tool;
	return undefined;
}
