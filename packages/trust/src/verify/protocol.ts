import { type Json, TapPassError } from '@tappass/core';
import { protocolVersion } from '../limits.ts';

/**
 * A statement that asks for a newer protocol is refused as such before its shape is looked at: its new fields would
 * otherwise read as malformed, and the operator would look for a fault instead of updating the host.
 * @throws {TapPassError} protocol_unsupported
 */
export function assertProtocolSpoken(payload: Json): void {
	const asked = (payload as { readonly min_protocol?: Json } | null)?.min_protocol;
	if (typeof asked === 'number' && asked > protocolVersion) {
		throw new TapPassError('protocol_unsupported', {
			detail: `asks for ${asked}, this program speaks ${protocolVersion}`,
		});
	}
}

/**
 * Once a statement has asked for a protocol, none that asks for less is believed again.
 * @param held highest `min_protocol` accepted so far
 * @throws {TapPassError} protocol_downgrade
 */
export function assertProtocolKept(asked: number, held: number): void {
	if (asked < held) throw new TapPassError('protocol_downgrade', { detail: `asks for ${asked}, already at ${held}` });
}
