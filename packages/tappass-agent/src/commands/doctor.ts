import { type Answer, printable } from '@tappass/cli-kit';
import { TapPassError } from '@tappass/core';
import { Client } from '../client/client.ts';
import { Keyring, type KeyringOptions } from '../keyring/keyring.ts';

interface Check {
	readonly name: string;
	readonly ok: boolean;
	readonly detail: string;
	/** What to do about it. */
	readonly hint?: string;
}

/** Looks at each thing that an agent needs, in order; what hangs on one that is missing is not looked at. Exit 1: one is missing. */
export async function doctor(options: KeyringOptions): Promise<Answer> {
	const checks: Check[] = [];
	let keyring: Keyring | undefined;
	try {
		keyring = await Keyring.load(options);
		checks.push({ name: 'keyring', ok: true, detail: `version ${keyring.policy_version}, verified` });
		keyring.assertFresh();
		checks.push({ name: 'freshness', ok: true, detail: `${Math.floor(keyring.remaining_ms / 1_000)} s left` });
		const listed = await new Client(keyring).tools.list();
		checks.push(
			'denied' in listed
				? { name: 'broker', ok: false, detail: `${listed.code}: ${listed.message}` }
				: { name: 'broker', ok: true, detail: `shows ${listed.length} tools` },
		);
	} catch (error) {
		const { code, message, hint } = error instanceof TapPassError ? error : new TapPassError('internal');
		const name = (['keyring', 'freshness', 'broker'] as const)[checks.length] ?? 'broker';
		checks.push({ name, ok: false, detail: `${code}: ${message}`, ...(hint !== undefined && { hint }) });
	} finally {
		await keyring?.close();
	}
	const ok = checks.every((check) => check.ok);
	return {
		schema: 'tappass.agent.doctor/1',
		fields: { ok, checks },
		text: printable(checks.map(lineOf).join('\n')),
		exit: ok ? 0 : 1,
	};
}

function lineOf({ name, ok, detail, hint }: Check): string {
	return `${ok ? 'ok      ' : 'missing '} ${name}: ${detail}${hint === undefined ? '' : `\n         ${hint}`}`;
}
