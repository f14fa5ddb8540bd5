import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ScriptedCall } from './model-server.ts';
import { type Outcome, PrivateHost, port } from './private-host.ts';

/* Unmodified harnesses through the gateway: a task with a tool, and a tool that the policy denies. */

let host: PrivateHost;
beforeEach(() => {
	host = new PrivateHost();
	mkdirSync(join(host.home, '.codex'));
});
afterEach(() => host.remove());

type Run = (script: readonly ScriptedCall[]) => Promise<Outcome>;

const claude: Run = (script) => {
	const program = join(import.meta.dirname, 'node_modules/@anthropic-ai/claude-code-linux-x64/claude');
	const command = [
		program,
		'-p',
		'go',
		'--output-format',
		'json',
		'--model',
		'scripted-claude',
		'--allowedTools',
		'Bash',
	];
	const env = {
		ANTHROPIC_API_KEY: 'none',
		ANTHROPIC_BASE_URL: `http://127.0.0.1:${port}`,
		CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
		DISABLE_AUTOUPDATER: '1',
		// The tests may run as root, under which the program refuses to start elsewhere.
		IS_SANDBOX: '1',
	};
	return host.run(command, script, env, 'gateway-server.ts');
};

const codex: Run = (script) => {
	const program = 'node_modules/@openai/codex-linux-x64/vendor/x86_64-unknown-linux-musl/bin/codex';
	const own = `model_providers.own={name="own",base_url="http://127.0.0.1:${port}/v1",wire_api="responses"}`;
	const settings = [own, 'model_provider="own"'].flatMap((setting) => ['-c', setting]);
	const flags = ['--skip-git-repo-check', '--dangerously-bypass-approvals-and-sandbox', '-m', 'scripted'];
	const command = [join(import.meta.dirname, program), 'exec', ...flags, ...settings, 'go'];
	return host.run(command, script, { CODEX_HOME: join(host.home, '.codex') }, 'gateway-server.ts');
};

describe.each([
	['Claude Code', claude, 'Bash', 'command'],
	['Codex', codex, 'exec_command', 'cmd'],
] as const)('%s through the gateway', (_name, run, shell, argument) => {
	const echo = (more: object = {}): ScriptedCall => ({
		name: shell,
		input: { [argument]: 'echo ran-$((40+2))', ...more },
	});

	test('sees a denied tool refused, with the reason, and nothing of it runs', async () => {
		const { exit, stdout, stderr, results } = await run([
			{ name: 'github__delete_repo', input: { name: 'x' } },
			echo(),
		]);

		expect(exit).not.toBe(0);
		expect(stdout + stderr).toContain('Nobody has approved github.delete_repo yet');
		expect(results).toEqual([]);
	});

	test('completes a task with a tool that is allowed, and is offered no other', async () => {
		const { exit, stdout, results, tools } = await run([echo({ description: 'says something' })]);

		expect(exit).toBe(0);
		expect(stdout).toContain('DONE');
		expect(results[0]).toContain('ran-42');
		expect(tools).toEqual([shell]);
	});
});
