import type { Answer } from '@tappass/cli-kit';
import type { Keyring } from '../keyring/keyring.ts';

/** What the keyring in force lets the agent do. @throws {TapPassError} keyring_expired */
export function show(keyring: Keyring): Answer {
	keyring.assertFresh();
	const { identity, epoch, policy_version, expires_at, compiled_policy } = keyring;
	const remaining_seconds = Math.floor(keyring.remaining_ms / 1_000);
	const { network, filesystem, tools, interpreter, budget } = compiled_policy;
	const list = (items: readonly string[]): string => (items.length === 0 ? 'nothing' : items.join(', '));
	return {
		schema: 'tappass.agent.show/1',
		fields: { identity, epoch, policy_version, expires_at, remaining_seconds, compiled_policy },
		text: [
			`${identity.agent} (org ${identity.org_id}, project ${identity.project}, sandbox ${identity.sandbox_id})`,
			`  policy version   ${policy_version} (epoch ${epoch}), expires in ${remaining_seconds} s`,
			`  network          ${list(network.allow_domains)}; never ${list(network.deny_categories)}`,
			`  workspace        ${filesystem.workspace}`,
			`  reads            ${list(filesystem.read_only)}; absent: ${list(filesystem.deny_paths)}`,
			`  tools            ${list(tools.allow)}; never ${list(tools.deny)}`,
			`  code             ${interpreter.memory_mb} MB, ${interpreter.cpu_time_ms} ms, depth ${interpreter.stack_depth}, functions: ${list(interpreter.host_functions)}`,
			`  budget           ${budget.tokens_per_day} tokens a day, ${budget.dollars_per_month} dollars a month, ${budget.tool_calls_per_minute} calls a minute`,
		].join('\n'),
	};
}
