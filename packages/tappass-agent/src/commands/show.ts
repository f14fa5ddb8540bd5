import { type Answer, printable } from '@tappass/cli-kit';
import type { Keyring } from '../keyring/keyring.ts';

/** What the keyring in force lets the agent do. @throws {TapPassError} keyring_expired */
export function show(keyring: Keyring): Answer {
	keyring.assertFresh();
	const { identity, epoch, policy_version, expires_at, compiled_policy } = keyring;
	const remaining_seconds = Math.floor(keyring.remaining_ms / 1_000);
	const { network, filesystem, tools, interpreter, budget } = compiled_policy;
	return {
		schema: 'tappass.agent.show/1',
		fields: { identity, epoch, policy_version, expires_at, remaining_seconds, compiled_policy },
		text: printable(
			[
				identity.agent,
				row('belongs to', `org ${identity.org_id}, project ${identity.project}`),
				row('sandbox', identity.sandbox_id),
				row('policy version', `${policy_version} (epoch ${epoch}), expires in ${remaining_seconds} s`),
				row('network', list(network.allow_domains, 'never', network.deny_categories)),
				row('workspace', filesystem.workspace),
				row('reads', list(filesystem.read_only, 'absent:', filesystem.deny_paths)),
				row('tools', list(tools.allow, 'never', tools.deny)),
				row(
					'code',
					`${interpreter.memory_mb} MB, ${interpreter.cpu_time_ms} ms, depth ${interpreter.stack_depth}, functions: ${list(interpreter.host_functions)}`,
				),
				row(
					'budget',
					`${budget.tokens_per_day} tokens a day, ${budget.dollars_per_month} dollars a month, ${budget.tool_calls_per_minute} calls a minute`,
				),
			].join('\n'),
		),
	};
}

function list(items: readonly string[], word = '', others: readonly string[] = []): string {
	const named = items.length === 0 ? 'nothing' : items.join(', ');
	return others.length === 0 ? named : `${named}; ${word} ${others.join(', ')}`;
}

/** A label and its text, which goes on below itself where a screen of 80 columns ends. */
function row(label: string, text: string): string {
	const lines = [''];
	for (const word of text.split(' ')) {
		const line = lines.at(-1)!;
		if (line !== '' && line.length + word.length + 1 > 61) lines.push(word);
		else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
	}
	return `  ${label.padEnd(17)}${lines.join(`\n${' '.repeat(19)}`)}`;
}
