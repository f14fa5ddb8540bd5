import { printAnswer, type Terminal } from '@tappass/cli-kit';
import type { ErrorCode } from '@tappass/core';
import type { Keyring } from '../keyring/keyring.ts';
import { agentLimits } from '../limits.ts';

/** Prints a line for what is in force now and for each change, until the process is ended or nobody reads any more. */
export async function watch(keyring: Keyring, terminal: Terminal): Promise<void> {
	let expired = false;
	const tell = (code?: ErrorCode): void => {
		const { epoch, policy_version, expires_at } = keyring;
		const fields = { epoch, policy_version, expires_at, ...(code !== undefined && { code }) };
		const text = code ?? `policy version ${policy_version} (epoch ${epoch}), until ${expires_at}`;
		printAnswer(terminal, { schema: 'tappass.agent.watch/1', fields, text });
	};
	keyring.on('change', () => tell()).on('refused', (error) => tell(error.code));
	tell();
	const timer = setInterval(() => {
		const now = keyring.remaining_ms === 0;
		if (now && !expired) tell('keyring_expired');
		expired = now;
	}, agentLimits.pollMs);
	await new Promise<void>((resolve) => process.stdout.once('error', () => resolve()));
	clearInterval(timer);
}
