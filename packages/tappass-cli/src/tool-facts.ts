import { TapPassError } from '@tappass/core';

/** What a person says of a tool. */
export interface StatedFacts {
	readonly effect?: string;
	readonly capabilities?: readonly string[];
	readonly slots?: Readonly<Record<string, string>>;
}

/** The flags that say what a tool does; what is not given stays out. @throws {TapPassError} usage */
export function readFacts({
	effect,
	capability,
	slot,
}: {
	readonly effect?: string | undefined;
	readonly capability?: readonly string[] | undefined;
	readonly slot?: readonly string[] | undefined;
}): StatedFacts {
	return {
		...(effect === undefined ? {} : { effect }),
		...(capability === undefined ? {} : { capabilities: capability }),
		...(slot === undefined ? {} : { slots: readSlots(slot) }),
	};
}

function readSlots(texts: readonly string[]): Readonly<Record<string, string>> {
	const slots = new Map<string, string>();
	for (const text of texts) {
		const [, name, at] = /^([a-z0-9_]+)=(\S+)$/.exec(text) ?? [];
		if (name === undefined || at === undefined || slots.has(name))
			throw new TapPassError('usage', {
				detail: `--slot: ${JSON.stringify(text)}`,
				hint: 'write slot=path, each slot once: recipient=message.to',
			});
		slots.set(name, at);
	}
	return Object.fromEntries(slots);
}
